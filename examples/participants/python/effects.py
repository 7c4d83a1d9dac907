"""For the conformance kit: prints how many holds are in force for the saga in SAGA_KEY, 0 or 1."""

import os

from pymongo import MongoClient

database = MongoClient(os.environ["SKALD_MONGODB_URI"])[os.environ["SKALD_MONGODB_DATABASE"]]
print(database["holds"].count_documents({"_id": os.environ["SAGA_KEY"], "state.seats": {"$gt": 0}}))
