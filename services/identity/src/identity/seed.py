"""The demo's users and clients. Safe to run again: it changes only what differs."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from pymongo.database import Database
from skald.logging import set_up_logging
from skald.mongo import Document, connect_and_wait

from identity.domain import SCOPES, Client, User
from identity.endings import INTROSPECTS
from identity.hashing import hash_secret, matches
from identity.settings import IdentitySeed
from identity.store import Clients, Users

__all__ = ["run", "seed"]

logger = logging.getLogger(__name__)

USERS: Final = (User("ada", "ada@example.com"), User("sam", "sam@example.com"))
CUSTOMERS: Final = tuple(sorted(set(SCOPES) - {"stock:read", INTROSPECTS}))
CLIENTS: Final = (
    Client("demo", "", CUSTOMERS, user_id="ada"),
    Client("demo-staff", "", tuple(sorted(SCOPES)), user_id="sam"),
)
"""Without their secrets, which the platform makes up."""
APP: Final = Client("demo-app", "", CUSTOMERS, redirect_uris=("http://127.0.0.1/callback",))
"""A program on its user's machine, which signs users in and keeps no secret."""


def seed(database: Database[Document], secret: str) -> None:
    """Stores users and clients; the clients' secret, and the users' password, become ``secret``."""
    users, clients = Users(database), Clients(database)
    for user in USERS:
        known = users.get(user.id)
        users.put(replace(user, password_hash=_hash_of(secret, known.password_hash if known else "")))
    for client in CLIENTS:
        there = clients.get(client.id)
        clients.put(replace(client, secret_hash=_hash_of(secret, there.secret_hash if there else "")))
    clients.put(APP)
    logger.info("%d users and %d clients are there", len(USERS), len(CLIENTS) + 1)


def _hash_of(secret: str, present: str) -> str:
    """A hash is salted, so one that matches already stays."""
    return present if present and matches(secret, present) else hash_secret(secret)


def run() -> None:
    """Role seed."""
    settings = IdentitySeed.from_env()
    set_up_logging(settings.service, settings.log_level)
    seed(connect_and_wait(settings), settings.demo_client_secret.get_secret_value())
