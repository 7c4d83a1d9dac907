"""A service's credential opens its own database, and no other."""

import json

SERVICES = ("identity", "catalog", "orders", "inventory", "payments", "shipping")
ASK = """
import json, os, sys
from pathlib import Path
from pymongo import MongoClient
from pymongo.errors import OperationFailure

client = MongoClient(Path(os.environ["SKALD_MONGODB_URI_FILE"]).read_text().strip())
def opens(name):
    try:
        client[name]["probe"].find_one()
    except OperationFailure as error:
        if error.code != 13:
            raise
        return False
    return True
print(json.dumps([name for name in sys.argv[1:] if opens(name)]))
"""


def test_each_services_database_refuses_another_services_credentials(cluster, record_property):
    opened = {
        service: json.loads(cluster.kubectl("exec", f"deploy/{service}-web", "--", "python", "-c", ASK, *SERVICES))
        for service in SERVICES
    }
    if cluster.official:
        assert opened == {service: [service] for service in SERVICES}
    else:
        assert all(service in databases for service, databases in opened.items())
        record_property("not_shown", "databases refuse another service's credentials: the stand-in confines no users")
