"""The only way in which state changes: an aggregate, its register and its outbox, written together or not at all.

A saga command comes in by ``apply`` and follows rules R1-R7 (``skald_wire.register``); HTTP handlers use ``insert`` and
``update``. All write one document by compare-and-swap on its ``rev``; whoever loses reads again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pymongo.collection import Collection
from skald_wire import Cancel, Command, Reply
from skald_wire.register import Answer

from skald.applier import Applier
from skald.attempts import LostRace, until_settled
from skald.documents import Codec, Documents, Loaded, codec_of
from skald.effects import (
    AlreadyExists,
    Contended,
    Decide,
    Done,
    Failed,
    NotFound,
    NotUnique,
    RevisionConflict,
    Started,
    Stored,
    UndoableWork,
    Work,
)
from skald.mongo import Document
from skald.outbox import Event, Outbox
from skald.sagas import SagaSpec

__all__ = [
    "AlreadyExists",
    "Codec",
    "Contended",
    "Decide",
    "Done",
    "Event",
    "Failed",
    "NotFound",
    "NotUnique",
    "Repository",
    "RevisionConflict",
    "Started",
    "Stored",
    "UndoableWork",
    "Work",
    "codec_of",
]

S = TypeVar("S")


class Repository(Generic[S]):
    """The aggregates of one collection. A participant's are stored under the saga key."""

    def __init__(
        self,
        collection: Collection[Document],
        codec: Codec[S],
        *,
        works: Iterable[Work[S]] = (),
        retention: timedelta | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``works`` are all that ``decide`` may start.

        ``retention`` is for whoever prunes registers (R7): how long they are kept; older commands are refused.
        """
        self.collection = collection
        self._documents = Documents(collection, codec)
        self._applier = Applier(self._documents, works, clock, retention)
        self._clock = clock

    @property
    def outbox(self) -> Outbox:
        """What the relay publishes from."""
        return Outbox(self.collection)

    def apply(self, message: Command | Cancel, decide: Decide[S]) -> Reply:
        """The reply to ``message``, by R1-R7; its effect, if it has one, is durable when this returns.

        Raises StoreUnavailable or Contended, and whatever ``decide`` or a work raises: then nothing is registered that
        was not before, and the same message may come again.
        """
        return _reply(message, self._applier.apply(message, decide))

    def get(self, id_: str) -> Stored[S] | None:
        """The aggregate, or None; None also where only a tombstone is stored. Raises StoreUnavailable."""
        return _stored(self._documents.read(id_))

    def find(
        self, query: Mapping[str, Any], *, sort: Sequence[tuple[str, int]] = (), limit: int = 100
    ) -> list[Stored[S]]:
        """Aggregates that match a query over ``_id`` and ``state.<field>``. Raises StoreUnavailable."""
        return [stored for loaded in self._documents.find(query, sort, limit) if (stored := _stored(loaded))]

    def insert(self, id_: str, state: S, *, events: Sequence[Event] = (), saga: SagaSpec | None = None) -> Stored[S]:
        """Store a new aggregate with its events and the saga that is to be started for it.

        Raises AlreadyExists, which carries the one that is there; NotUnique when a unique index refuses another value;
        StoreUnavailable.
        """
        fields = None if saga is None else {"saga": saga.stored(self._clock())}
        tries = 0

        def attempt() -> Stored[S]:
            nonlocal tries
            tries += 1
            if self._documents.swap(Loaded(id_), self._clock(), state=state, events=events, fields=fields):
                return Stored(id_, 1, state)
            there = _stored(self._documents.read(id_))
            if there is None:
                raise NotUnique(f"{self.collection.name} {id_} has a value that only one may have")
            if tries > 1 and there.rev == 1 and self._documents.same(there.state, state):
                return there  # stored by the try before this one, whose answer was lost
            raise AlreadyExists(there)

        return until_settled(attempt)

    def update(
        self,
        id_: str,
        change: Callable[[S], Done[S]],
        *,
        rev: int | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Stored[S]:
        """Store what ``change`` makes of the aggregate, with its events; its reply is ignored.

        ``change`` is called again with the newer state after a lost race, and after a write whose outcome is unknown;
        so it must see for itself when there is nothing left to do. Raises NotFound, RevisionConflict when ``rev`` is
        given and no longer the present one, StoreUnavailable, Contended, and whatever ``change`` raises.
        """

        def attempt() -> Stored[S]:
            loaded = self._documents.read(id_)
            if loaded.state is None:
                raise NotFound(f"there is no {self.collection.name} {id_}")
            if rev is not None and loaded.rev != rev:
                raise RevisionConflict(f"{id_} is at revision {loaded.rev}, not {rev}")
            done = change(loaded.state)
            if not (done.events or fields) and self._documents.same(loaded.state, done.state):
                return Stored(id_, loaded.rev, loaded.state)
            if not self._documents.swap(loaded, self._clock(), state=done.state, events=done.events, fields=fields):
                raise LostRace
            return Stored(id_, loaded.rev + 1, done.state)

        return until_settled(attempt)


def _stored(loaded: Loaded[S]) -> Stored[S] | None:
    return None if loaded.state is None else Stored(loaded.id, loaded.rev, loaded.state)


def _reply(message: Command | Cancel, answer: Answer) -> Reply:
    address = message.address
    return Reply(
        command_id=address.command_id,
        type=answer.type,
        body=answer.body,
        saga=address.saga,
        step=address.step,
        direction=address.direction,
        fingerprint=address.fingerprint,
        attempt=message.attempt,
        final=answer.final,
        message_id=str(uuid.uuid4()),
    )
