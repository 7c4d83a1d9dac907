"""The starter: creates the Saga that a document asks for and follows it until it knows the verdict.

What is to be done is in the document (``saga.state``, ``saga.nextCheck``), so any worker can go on at any time. A check
claims its document by moving ``nextCheck`` into the future; should the worker die, the check comes up again.

What the API server refuses for good ends the document's wait at once: nobody mends it by waiting. Whatever else it
answers, such as 403 while a right is missing, is tried again until somebody has mended it; the log has the API server's
sentence and ``skald_starter_requests_total`` the status. The process stays ready: it follows other sagas all the same.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Generic, Protocol, TypeVar

from pymongo import ASCENDING, ReturnDocument

from skald.effects import Done
from skald.logging import log_context
from skald.messaging.events import ReceivedEvent
from skald.mongo import Document, StoreUnavailable, store_errors
from skald.repository import Repository
from skald.sagaapi import SagaApiError, SagaRefused
from skald.sagas import Verdict, object_of, verdict_of

__all__ = ["Sagas", "Starter"]

logger = logging.getLogger(__name__)

JSON = Any
S = TypeVar("S")

_POLL: Final = 0.1
_LEASE: Final = 30.0
"""Seconds until a check that nobody finished comes up again."""
_FIRST_CHECK: Final = 2.0
_LONGEST_CHECK: Final = 60.0
_THREADS: Final = 4


class Sagas(Protocol):
    """``skald.sagaapi.SagaApi``, or a test's."""

    @property
    def namespace(self) -> str:
        """Where the sagas are."""

    def create(self, saga: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
        """The created object; None: there is one. Raises SagaRefused or SagaApiError, as the others do the latter."""

    def get(self, name: str) -> Mapping[str, JSON] | None:
        """The object; None: there is none."""

    def cancel(self, name: str) -> Mapping[str, JSON] | None:
        """The object, which is to undo what it did; None: there is none."""


class Starter(Generic[S]):
    """Starts and follows the sagas that one repository's aggregates ask for."""

    def __init__(
        self,
        repository: Repository[S],
        sagas: Sagas,
        conclude: Callable[[S, Verdict], Done[S]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``conclude`` is what a verdict means for the aggregate; called again after a lost race."""
        self.name = "starter"
        self._repository = repository
        self._collection = repository.collection
        self._sagas = sagas
        self._conclude = conclude
        self._clock = clock
        self._hastened = threading.Event()
        self._free = threading.Semaphore(_THREADS)

    def ensure_index(self) -> None:
        """Make the indexes that find due checks and sagas by name. Safe to repeat."""
        with store_errors():
            self._collection.create_index([("saga.nextCheck", ASCENDING)], name="saga-due")
            self._collection.create_index([("saga.name", ASCENDING)], name="saga-name")

    def hasten(self, event: ReceivedEvent) -> None:
        """Handles ``dev.skald.saga.finished``: look now instead of at the next check. Harmless when repeated."""
        if event.data.get("namespace") != self._sagas.namespace:
            return
        unfinished = {"saga.name": event.data.get("name"), "saga.nextCheck": {"$gt": 0}}
        with store_errors():
            self._collection.update_one(unfinished, {"$set": {"saga.nextCheck": self._clock()}})
        self._hastened.set()

    def run(self, stop: threading.Event) -> None:
        """Carry out due checks until ``stop``, several at a time; then finish those in hand."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix=self.name) as pool:
            while not stop.is_set():
                self._free.acquire()
                claimed = self._claim_or_wait(stop)
                if claimed is None:
                    self._free.release()
                else:
                    pool.submit(self._check_and_free, claimed)

    def check_once(self) -> bool:
        """Carry out the most overdue check; False when none is due. Raises StoreUnavailable."""
        claimed = self._claim()
        if claimed is None:
            return False
        self._check(claimed)
        return True

    def _claim_or_wait(self, stop: threading.Event) -> Document | None:
        try:
            claimed = self._claim()
        except StoreUnavailable as error:
            logger.warning("the starter waits: %s", error)
            stop.wait(_FIRST_CHECK)
            return None
        if claimed is None:
            self._hastened.wait(_POLL)
            self._hastened.clear()
        return claimed

    def _claim(self) -> Document | None:
        now = self._clock()
        with store_errors():
            return self._collection.find_one_and_update(
                {"saga.nextCheck": {"$lte": now}},
                {"$set": {"saga.nextCheck": now + _LEASE}, "$inc": {"saga.checks": 1}},
                projection={"saga": 1},
                sort=[("saga.nextCheck", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )

    def _check_and_free(self, claimed: Document) -> None:
        try:
            self._check(claimed)
        except StoreUnavailable as error:
            logger.warning("saga %s is looked at again when the database answers: %s", claimed["saga"]["name"], error)
        except Exception:
            logger.exception("the check of saga %s failed; it comes up again", claimed["saga"]["name"])
        finally:
            self._free.release()

    def _check(self, claimed: Document) -> None:
        id_, stored = claimed["_id"], claimed["saga"]
        with log_context(saga=f"{self._sagas.namespace}/{stored['name']}"):
            verdict = self._verdict(stored)
            if verdict is None:
                self._look_again(id_, stored)
                return
            done = {"name": stored["name"], "spec": stored["spec"], "state": "Finished", "phase": verdict.phase}
            self._repository.update(id_, lambda state: self._conclude(state, verdict), fields={"saga": done})
            logger.info("saga %s ended %s", stored["name"], verdict.phase)

    def _verdict(self, stored: Mapping[str, Any]) -> Verdict | None:
        """What became of the saga, as far as it is known now."""
        try:
            saga = self._present(stored)
            if stored.get("cancel") and not saga["spec"].get("cancel") and verdict_of(saga) is None:
                saga = self._sagas.cancel(stored["name"]) or saga
        except SagaRefused as error:
            logger.error("saga %s is refused for good: %s", stored["name"], error)  # noqa: TRY400 - the reason says it
            return Verdict("Refused", "SagaRefused", str(error))
        except SagaApiError as error:
            logger.error("saga %s: %s", stored["name"], error)  # noqa: TRY400 - the reason says it all
            return None
        return verdict_of(saga)

    def _present(self, stored: Mapping[str, Any]) -> Mapping[str, JSON]:
        """The object as it is, created if it is not there: at first, or because etcd was restored to before it."""
        wanted = object_of(stored, self._sagas.namespace)
        if stored["checks"] > 1:
            there = self._sagas.get(stored["name"])
            if there is not None:
                return there
            logger.info("saga %s is not there; it is created again", stored["name"])
        created = self._sagas.create(wanted)
        if created is not None:
            return created
        there = self._sagas.get(stored["name"])
        if there is None:
            raise SagaApiError("it vanished between two requests")
        return there

    def _look_again(self, id_: str, stored: Mapping[str, Any]) -> None:
        """Later and later, unless the finished event hastened it while it was being looked at."""
        pause = min(_FIRST_CHECK * 2 ** min(stored["checks"] - 1, 10), _LONGEST_CHECK)
        next_check = self._clock() + random.uniform(pause / 2, pause)  # noqa: S311 - jitter is no secret
        with store_errors():
            self._collection.update_one(
                {"_id": id_, "saga.nextCheck": stored["nextCheck"]}, {"$set": {"saga.nextCheck": next_check}}
            )
