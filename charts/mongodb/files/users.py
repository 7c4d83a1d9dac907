"""Makes a user for each service, confined to the database of the same name; safe to repeat, also with other passwords.

A database is there once something is written to it, so there is nothing to make for that.
"""

# ruff: noqa: INP001 - a single script, which a ConfigMap brings into its pod
import os
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

ALREADY_EXISTS = 51003
"""MongoDB's code; FerretDB says it in words only."""
EVERYTHING = [{"role": "readWriteAnyDatabase", "db": "admin"}, {"role": "clusterAdmin", "db": "admin"}]


def connect() -> Database[dict[str, Any]]:
    """The administrator's view. The server may still be starting, so it has five minutes."""
    return MongoClient(
        os.environ["MONGODB_HOST"],
        27017,
        username="admin",
        password=Path("/run/skald/admin/password").read_text().strip(),
        tls=os.environ["MONGODB_TLS"] == "true",
        serverSelectionTimeoutMS=300_000,
    )["admin"]


def give_password(admin: Database[dict[str, Any]], user: str, password: str, roles: list[dict[str, str]]) -> None:
    """Make the user, or give the one that is there this password."""
    try:
        admin.command("createUser", user, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != ALREADY_EXISTS and "already exists" not in str(error):
            raise
        admin.command("updateUser", user, pwd=password)
    print(f"user {user}: may use {', '.join(role['role'] + '@' + role['db'] for role in roles)}", flush=True)


def main() -> None:
    """One file per user, with the password in it."""
    admin = connect()
    confines = "ferretdb" not in admin.command("buildInfo")
    if not confines:
        print("WARNING: FerretDB does not confine users: each may use every database", flush=True)
    for file in sorted(Path("/run/skald/users").glob("[!.]*")):
        roles = [{"role": "readWrite", "db": file.name}] if confines else EVERYTHING
        give_password(admin, file.name, file.read_text().strip(), roles)


if __name__ == "__main__":
    main()
