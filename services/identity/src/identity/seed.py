"""The demo's users and clients. Safe to run again: it changes only what differs."""

from __future__ import annotations

import logging
from typing import Final

from pymongo.database import Database
from skald.logging import set_up_logging
from skald.mongo import Document, connect_and_wait

from identity.domain import SCOPES, Client, User
from identity.hashing import hash_secret, matches
from identity.settings import IdentitySeed
from identity.store import Clients, Users

__all__ = ["run", "seed"]

logger = logging.getLogger(__name__)

USERS: Final = (User("ada", "ada@example.com"), User("sam", "sam@example.com"))
CLIENTS: Final = (
    Client("demo", "", tuple(sorted(set(SCOPES) - {"stock:read"})), user_id="ada"),
    Client("demo-staff", "", tuple(sorted(SCOPES)), user_id="sam"),
)
"""Without their secrets, which the platform makes up."""


def seed(database: Database[Document], secret: str) -> None:
    """Stores users and clients; the clients' secret becomes ``secret``."""
    users, clients = Users(database), Clients(database)
    for user in USERS:
        users.put(user)
    for client in CLIENTS:
        known = clients.get(client.id)
        kept = known.secret_hash if known and matches(secret, known.secret_hash) else hash_secret(secret)
        clients.put(Client(client.id, kept, client.scopes, client.user_id))
    logger.info("%d users and %d clients are there", len(USERS), len(CLIENTS))


def run() -> None:
    """Role seed."""
    settings = IdentitySeed.from_env()
    set_up_logging(settings.service, settings.log_level)
    seed(connect_and_wait(settings), settings.demo_client_secret.get_secret_value())
