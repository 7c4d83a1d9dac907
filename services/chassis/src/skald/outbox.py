"""Events wait in the document that they tell of, written with the change itself, until the relay has published them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo import ASCENDING, UpdateOne
from pymongo.collection import Collection
from skald_wire import canonical

from skald.moments import rfc3339
from skald.mongo import Document, store_errors
from skald.tracing import outgoing_headers

__all__ = ["Event", "Outbox", "Waiting", "pushed"]

JSON = Any
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one aggregate; others may subscribe to its type."""

    type: str
    """Also the routing key, for example orders.confirmed."""
    subject: str
    """The id of what it happened to."""
    data: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document with events to publish."""

    id: str
    rev: int
    events: Sequence[Mapping[str, str]]
    since: float
    """Unix seconds when the oldest of them was written."""

    @property
    def ids(self) -> list[str]:
        """The events' ids."""
        return [event["id"] for event in self.events]


def pushed(events: Iterable[Event], now: float) -> Document:
    """The part of an update that appends ``events``; empty for none. ``$min`` keeps the oldest time, whoever races."""
    stored = [_stored(event, now) for event in events]
    return {"$push": {"outbox": {"$each": stored}}, "$min": {"outboxSince": now}} if stored else {}


def first(events: Iterable[Event], now: float) -> Document:
    """The same for a document that is about to be inserted."""
    stored = [_stored(event, now) for event in events]
    return {"outbox": stored, "outboxSince": now} if stored else {}


def _stored(event: Event, now: float) -> Document:
    """Data is kept as text, because a field name that JSON allows need not be one that the store allows."""
    return {
        "id": str(uuid.uuid4()),
        "type": event.type,
        "subject": event.subject,
        "time": rfc3339(now),
        "data": canonical(dict(event.data)).decode(),
        **outgoing_headers(),
    }


def cloud_event(stored: Mapping[str, str], source: str) -> bytes:
    """An event from the outbox as a CloudEvent 1.0 in structured JSON mode."""
    attributes = {key: value for key, value in stored.items() if key != "data"}
    known = {"specversion": "1.0", "source": source, "datacontenttype": "application/json"}
    return json.dumps({**known, **attributes, "data": json.loads(stored["data"])}, separators=(",", ":")).encode()


class Outbox:
    """What waits in one collection, oldest first."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection
        self.name = collection.name

    def ensure_index(self) -> None:
        """Make the index that finds waiting documents. Safe to repeat."""
        with store_errors():
            self._collection.create_index([("outboxSince", ASCENDING)], name="outbox")

    def waiting(self) -> list[Waiting]:
        """Documents with unpublished events, at most a hundred."""
        query = {"outboxSince": {"$gt": 0}}
        fields = {"rev": 1, "outbox": 1, "outboxSince": 1}
        with store_errors():
            found = list(self._collection.find(query, fields).sort("outboxSince", ASCENDING).limit(_BATCH))
        return [Waiting(one["_id"], one["rev"], one.get("outbox", []), one["outboxSince"]) for one in found]

    def published(self, waiting: Sequence[Waiting]) -> None:
        """Forget these events, and only these: others may have been written since they were read."""
        if not waiting:
            return
        everything = {"$unset": {"outbox": "", "outboxSince": ""}}
        unchanged = [UpdateOne({"_id": one.id, "rev": one.rev}, everything) for one in waiting]
        with store_errors():
            if self._collection.bulk_write(unchanged, ordered=False).matched_count == len(unchanged):
                return
            these = [UpdateOne({"_id": one.id}, {"$pull": {"outbox": {"id": {"$in": one.ids}}}}) for one in waiting]
            self._collection.bulk_write(these, ordered=False)
