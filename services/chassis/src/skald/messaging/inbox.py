"""Which events were handled, so that a duplicate is not handled again."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from skald.mongo import Document, StoreUnavailable, is_duplicate, store_errors

__all__ = ["LEASE", "Claim", "Inbox", "Taken"]

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=1)
"""After this a handler that has not ended is taken for dead, and the event may be handled again."""
_ROUND: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to handle an event, until somebody else may take it over."""

    event_id: str
    until: datetime


class Taken(Enum):
    """Why there is no claim for who asks."""

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

    def claim(self, event_id: str) -> Claim | Taken:
        """Ask to handle the event; who gets a claim settles it."""
        now = datetime.now(UTC)
        claim = Claim(event_id, now + LEASE)
        try:
            with store_errors():
                self._collection.insert_one({"_id": event_id, "at": now, "claimedUntil": claim.until})
        except OperationFailure as error:
            if not is_duplicate(error):
                raise
            return self._claim_again(claim, now)
        return claim

    def _claim_again(self, claim: Claim, now: datetime) -> Claim | Taken:
        with store_errors():
            expired = {"_id": claim.event_id, "claimedUntil": {"$lt": now}}
            if self._collection.update_one(expired, {"$set": {"claimedUntil": claim.until}}).matched_count:
                return claim
            known = self._collection.find_one({"_id": claim.event_id}, {"claimedUntil": 1})
        return Taken.HANDLED if known is not None and "claimedUntil" not in known else Taken.BUSY

    def settle(self, claim: Claim, *, handled: bool) -> None:
        """The event was handled, whoever else claims it by now, or is free for the next try if nobody else does."""
        with store_errors():
            if handled:
                self._collection.update_one({"_id": claim.event_id}, {"$unset": {"claimedUntil": ""}})
            else:
                self._collection.delete_one({"_id": claim.event_id, "claimedUntil": claim.until})

    def release(self, claim: Claim) -> None:
        """The handler lost the database: the event is free at once, or after the lease if this is not heard either."""
        try:
            self.settle(claim, handled=False)
        except StoreUnavailable as error:
            logger.warning("event %s is free again in %d s: %s", claim.event_id, LEASE.total_seconds(), error)

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
