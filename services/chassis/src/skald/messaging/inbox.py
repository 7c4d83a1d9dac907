"""Which events were handled, so that a duplicate is not handled again."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from skald.mongo import Document, StoreUnavailable, is_duplicate, store_errors

__all__ = ["LEASE", "Claim", "Inbox"]

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=1)
"""After this a handler that has not ended is taken for dead, and the event may be handled again."""
_ROUND: Final = 3600.0


class Claim(Enum):
    """What became of asking for an event."""

    MINE = auto()
    BUSY = auto()
    HANDLED = auto()


class Inbox:
    """Event ids in a collection, kept for as long as a duplicate may come.

    A crash between a handler's effect and ``settle`` makes the event come again: handlers are called at least once.
    """

    def __init__(self, collection: Collection[Document], retention: timedelta = timedelta(days=7)) -> None:
        self.name = f"{collection.name} pruning"
        self._collection = collection
        self._retention = retention

    def ensure_index(self) -> None:
        """Make the index that finds old entries. Safe to repeat."""
        with store_errors():
            self._collection.create_index([("at", ASCENDING)], name="at")

    def claim(self, event_id: str) -> Claim:
        """Ask to handle the event; who gets MINE settles it."""
        now = datetime.now(UTC)
        lease = {"claimedUntil": now + LEASE}
        try:
            with store_errors():
                self._collection.insert_one({"_id": event_id, "at": now, **lease})
        except OperationFailure as error:
            if not is_duplicate(error):
                raise
            return self._claim_again(event_id, now, lease)
        return Claim.MINE

    def _claim_again(self, event_id: str, now: datetime, lease: Document) -> Claim:
        with store_errors():
            expired = {"_id": event_id, "claimedUntil": {"$lt": now}}
            if self._collection.update_one(expired, {"$set": lease}).matched_count:
                return Claim.MINE
            known = self._collection.find_one({"_id": event_id}, {"claimedUntil": 1})
        return Claim.HANDLED if known is not None and "claimedUntil" not in known else Claim.BUSY

    def settle(self, event_id: str, *, handled: bool) -> None:
        """The event was handled, or is free for the next try."""
        with store_errors():
            if handled:
                self._collection.update_one({"_id": event_id}, {"$unset": {"claimedUntil": ""}})
            else:
                self._collection.delete_one({"_id": event_id})

    def release(self, event_id: str) -> None:
        """The handler lost the database: the event is free at once, or after the lease if this is not heard either."""
        try:
            self.settle(event_id, handled=False)
        except StoreUnavailable as error:
            logger.warning("event %s is free again in %d s: %s", event_id, LEASE.total_seconds(), error)

    def prune(self) -> int:
        """Forget what is older than the retention; how many entries that were."""
        with store_errors():
            return self._collection.delete_many({"at": {"$lt": datetime.now(UTC) - self._retention}}).deleted_count

    def run(self, stop: threading.Event) -> None:
        """Prune every hour until ``stop``."""
        while not stop.wait(_ROUND):
            try:
                self.prune()
            except StoreUnavailable as error:
                logger.warning("the inbox is not pruned in this round: %s", error)
