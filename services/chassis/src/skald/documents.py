"""How an aggregate lies in the database: one document with state, register and outbox, each write compared on ``rev``.

    {_id, rev, state: {...}, register: {<command id>: {...}}, outbox: [...], outboxSince, saga: {...}}

JSON that came from outside (outputs, event data, saga specs) is kept as text, because a field name that JSON allows
need not be one that the store allows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from pymongo.collection import Collection
from pymongo.errors import OperationFailure
from skald_wire import canonical
from skald_wire.register import Entry, Outcome, Pending, Register

from skald import outbox
from skald.mongo import Document, is_duplicate, store_errors
from skald.outbox import Event

__all__ = ["Codec", "Documents", "Loaded", "codec_of"]

S = TypeVar("S")
_FIELDS: Mapping[str, Any] = {"_id": 1, "rev": 1, "state": 1, "register": 1}


class Codec(Protocol[S]):
    """Between an aggregate and the ``state`` of its document."""

    def encode(self, state: S) -> Document:
        """Only types that BSON has."""

    def decode(self, document: Mapping[str, Any]) -> S:
        """The inverse. Raises ValueError for what no version of the service can have written."""


@dataclass(frozen=True)
class _TypedCodec(Generic[S]):
    type: type[S]

    def encode(self, state: S) -> Document:
        encoded = msgspec.to_builtins(state)
        if not isinstance(encoded, dict):
            raise TypeError(f"a state must become an object, {self.type.__name__} becomes {type(encoded).__name__}")
        return encoded

    def decode(self, document: Mapping[str, Any]) -> S:
        return msgspec.convert(document, self.type)


def codec_of(state: type[S]) -> Codec[S]:
    """The codec of a dataclass, a msgspec.Struct or ``dict``. Times become RFC 3339 text."""
    return _TypedCodec(state)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A document as it was read; ``rev`` 0 means that there was none."""

    id: str
    rev: int = 0
    state: S | None = None
    register: Register = field(default_factory=dict)


class Documents(Generic[S]):
    """Reads and compare-and-swap writes of one collection. The only code that knows the layout."""

    def __init__(self, collection: Collection[Document], codec: Codec[S]) -> None:
        self._collection = collection
        self._codec = codec

    def read(self, id_: str) -> Loaded[S]:
        """The document as it is now. Raises StoreUnavailable."""
        with store_errors():
            found = self._collection.find_one({"_id": id_}, _FIELDS)
        return Loaded(id_) if found is None else self._loaded(found)

    def find(self, query: Mapping[str, Any], sort: Sequence[tuple[str, int]], limit: int) -> list[Loaded[S]]:
        """Documents that match. Raises StoreUnavailable."""
        with store_errors():
            cursor = self._collection.find(query, _FIELDS)
            found = list((cursor.sort(sort) if sort else cursor).limit(limit))
        return [self._loaded(one) for one in found]

    def swap(
        self,
        loaded: Loaded[S],
        now: float,
        *,
        state: S | None = None,
        changes: Register | None = None,
        events: Sequence[Event] = (),
        fields: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write all of it, or nothing because somebody else wrote since ``loaded`` was read (False).

        ``state`` None leaves the state as it is. Raises StoreUnavailable: then it may or may not have been written.
        """
        values: Document = dict(fields or {})
        if state is not None:
            values["state"] = self._codec.encode(state)
        entries = {id_: _stored_entry(entry) for id_, entry in (changes or {}).items()}
        if loaded.rev == 0:
            return self._insert(
                {"_id": loaded.id, "rev": 1, **values, "register": entries, **outbox.first(events, now)}
            )
        values.update({f"register.{id_}": entry for id_, entry in entries.items()})
        update: Document = {"$inc": {"rev": 1}, **outbox.pushed(events, now)}
        if values:
            update["$set"] = values
        with store_errors():
            swapped = self._collection.find_one_and_update(
                {"_id": loaded.id, "rev": loaded.rev}, update, projection={"_id": 1}
            )
        return swapped is not None

    def _insert(self, document: Document) -> bool:
        try:
            with store_errors():
                self._collection.insert_one(document)
        except OperationFailure as error:
            if is_duplicate(error):
                return False
            raise
        return True

    def same(self, one: S | None, other: S) -> bool:
        """Whether two states would be stored alike."""
        return one is not None and self._codec.encode(one) == self._codec.encode(other)

    def _loaded(self, found: Document) -> Loaded[S]:
        stored = found.get("state")
        return Loaded(
            id=found["_id"],
            rev=found["rev"],
            state=None if stored is None else self._codec.decode(stored),
            register={id_: _entry(entry) for id_, entry in found.get("register", {}).items()},
        )


def _stored_entry(entry: Entry) -> Document:
    stored: Document = {
        "outcome": entry.outcome.value,
        "fingerprint": entry.fingerprint,
        "body": canonical(dict(entry.body)).decode(),
    }
    if entry.undone:
        stored["undone"] = True
    if entry.pending is not None:
        stored["pending"] = {
            "work": entry.pending.work,
            "actionId": entry.pending.action_id,
            "registersFailure": entry.pending.registers_failure,
            "becomes": entry.pending.becomes.value,
        }
    return stored


def _entry(stored: Mapping[str, Any]) -> Entry:
    pending = stored.get("pending")
    return Entry(
        outcome=Outcome(stored["outcome"]),
        fingerprint=stored["fingerprint"],
        body=json.loads(stored["body"]),
        undone=stored.get("undone", False),
        pending=None
        if pending is None
        else Pending(
            work=pending["work"],
            action_id=pending["actionId"],
            registers_failure=pending["registersFailure"],
            becomes=Outcome(pending["becomes"]),
        ),
    )
