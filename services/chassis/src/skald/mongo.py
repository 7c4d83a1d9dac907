"""The service's own database: one client per process, made after the fork, for single-document operations only."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from skald.settings import StoreSettings

__all__ = [
    "Client",
    "StoreInterrupted",
    "StoreUnavailable",
    "connect",
    "connect_and_wait",
    "is_duplicate",
    "ping",
    "store_errors",
]

logger = logging.getLogger(__name__)

Document = dict[str, Any]

_GIVE_UP_MS: Final = 3000
"""How long one operation waits for a server before the store counts as away."""
_PAUSE: Final = 1.0
_AUTHENTICATION_FAILED: Final = 18
_DUPLICATE_KEY: Final = 11000
_INTERNAL_ERROR: Final = 1
"""What FerretDB answers for a duplicate in findAndModify, where MongoDB says 11000, and while PostgreSQL is away."""
_REFUSED: Final = (
    "the database refuses the user and password in SKALD_MONGODB_URI: either the user is not made yet, "
    "or its password was changed"
)
_POSTGRES_AWAY: Final = (
    "failed to connect",
    "conn closed",
    "unexpected EOF",
    "connection refused",
    "connection reset",
    "broken pipe",
    "SQLSTATE 57P",
    "terminating connection",
    "the database system is",  # starting up, shutting down, in recovery mode
)


class StoreUnavailable(Exception):
    """The database cannot be reached, or does not let this service in."""


class StoreInterrupted(StoreUnavailable):
    """It was lost in the middle: whether a write was carried out is unknown, so it is tried again under the same id."""


class Client(MongoClient[Document]):
    """A client that refuses what not every MongoDB-compatible server can do."""

    def start_session(self, *_: Any, **__: Any) -> NoReturn:
        """Always raises NotImplementedError."""
        raise NotImplementedError(
            "transactions over several documents are silently not atomic on some servers: one document is the unit"
        )


def connect(settings: StoreSettings) -> Database[Document]:
    """The service's database. Connects at first use, in the background; never fails here for a server that is away."""
    client = Client(
        settings.mongodb_uri.get_secret_value(),
        appname=settings.service,
        w="majority",
        tz_aware=True,
        serverSelectionTimeoutMS=_GIVE_UP_MS,
        connectTimeoutMS=_GIVE_UP_MS,
        socketTimeoutMS=2 * _GIVE_UP_MS,
    )
    return client[settings.mongodb_database]


def connect_and_wait(settings: StoreSettings, patience: float = 300.0) -> Database[Document]:
    """The service's database, once it answers: for a program that would only be started again. ``patience`` in seconds.

    Raises StoreUnavailable, with what was wrong at last.
    """
    database = connect(settings)
    deadline = time.monotonic() + patience
    while True:
        try:
            ping(database)
        except StoreUnavailable as error:
            if time.monotonic() > deadline:
                database.client.close()
                raise
            logger.warning("waiting: %s", error)
            time.sleep(_PAUSE)
        else:
            return database


def ping(database: Database[Document]) -> None:
    """Returns when the database answers a query. Raises StoreUnavailable."""
    with store_errors():
        database["ping"].find_one({"_id": 0})


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what pymongo raises for a server that is away into StoreUnavailable, or StoreInterrupted.

    So too where the server does not know the user: in a first install the services start before their users are made.
    """
    try:
        yield
    except (ServerSelectionTimeoutError, WaitQueueTimeoutError) as error:
        raise StoreUnavailable(f"the database cannot be reached: {_brief(error)}") from error
    except (AutoReconnect, ExecutionTimeout) as error:
        raise StoreInterrupted(f"the database did not answer: {_brief(error)}") from error
    except OperationFailure as error:
        if error.code == _INTERNAL_ERROR and any(sign in str(error) for sign in _POSTGRES_AWAY):
            raise StoreInterrupted(f"the database has lost its own: {_brief(error)}") from error
        if error.code == _AUTHENTICATION_FAILED:
            raise StoreUnavailable(_REFUSED) from error
        raise


def is_duplicate(error: OperationFailure) -> bool:
    """Whether a write failed because a document with that id, or another unique value, is there already."""
    if error.code == _INTERNAL_ERROR:
        return "duplicate key" in str(error).lower()
    return error.code == _DUPLICATE_KEY


def _brief(error: Exception) -> str:
    """The message without the page of topology that pymongo appends."""
    return str(error).partition("(configured timeouts")[0].partition("\n")[0].strip()
