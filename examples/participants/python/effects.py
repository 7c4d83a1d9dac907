"""For the conformance kit: prints how many holds are in force for the saga in SAGA_KEY, 0 or 1."""

import os
from typing import Any

from pymongo import MongoClient

client: MongoClient[dict[str, Any]] = MongoClient(os.environ["SKALD_MONGODB_URI"])
database = client[os.environ["SKALD_MONGODB_DATABASE"]]
print(database["holds"].count_documents({"_id": os.environ["SAGA_KEY"], "state.seats": {"$gt": 0}}))
