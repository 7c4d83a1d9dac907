"""The ledger: one document per idempotency key, so that each request has its effect at most once.

Every change names the states it may start from in the filter of one write: a void and a slow authorization that race
for the same key end the same way whichever is first.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from skald.mongo import Document

from test_provider.domain import Entry, Request, State

__all__ = ["Ledger"]

_NAMES: Final = uuid.UUID("0b0b7c1c-5d3b-5a52-9a8e-6c2b1a7f4d10")
"""Ids of authorizations and captures follow from their keys: the same answer however often it is asked for."""


def _name(kind: str, key: str) -> str:
    return f"{kind}_{uuid.uuid5(_NAMES, key).hex}"


def _read(document: Mapping[str, Any]) -> Entry:
    request = document.get("request")
    return Entry(
        key=document["_id"],
        request=Request(**request) if request else None,
        state=State(document["state"]),
        attempts=document["attempts"],
        authorization=document.get("authorization"),
        capture=document.get("capture"),
        capture_key=document.get("captureKey"),
    )


class Ledger:
    """Authorizations, voids and captures, over the provider's database."""

    def __init__(self, database: Database[Document]) -> None:
        self._entries = database["ledger"]

    def receive(self, key: str, request: Request) -> Entry:
        """Note one more attempt under this key, and return what stands under it."""
        fresh = {"_id": key, "request": _written(request), "state": State.RECEIVED, "attempts": 1}
        try:
            self._entries.insert_one(fresh)
        except DuplicateKeyError:
            return self._change(key, [State.RECEIVED], {"$inc": {"attempts": 1}}) or self._standing(key)
        return _read(fresh)

    def settle(self, key: str, *, approved: bool) -> Entry:
        """Decide a received authorization; one that is decided or voided already stays so. Returns what stands."""
        outcome: Document = {"state": State.DECLINED}
        if approved:
            outcome = {"state": State.APPROVED, "authorization": _name("auth", key)}
        return self._change(key, [State.RECEIVED], {"$set": outcome}) or self._standing(key)

    def void(self, key: str) -> Entry:
        """Free what was authorized under the key; an unknown key is barred for good. Returns what stands."""
        try:
            self._entries.insert_one({"_id": key, "state": State.VOIDED, "attempts": 0})
        except DuplicateKeyError:
            open_states = [State.RECEIVED, State.APPROVED]
            return self._change(key, open_states, {"$set": {"state": State.VOIDED}}) or self._standing(key)
        return self._standing(key)

    def capture(self, key: str, authorized: str) -> Entry | None:
        """Move the money approved under the key ``authorized``. Returns what stands, None for an unknown key."""
        captured = {"state": State.CAPTURED, "capture": _name("cap", key), "captureKey": key}
        changed = self._change(authorized, [State.APPROVED], {"$set": captured})
        return changed or self.get(authorized)

    def get(self, key: str) -> Entry | None:
        """What stands under the key."""
        found = self._entries.find_one({"_id": key})
        return _read(found) if found else None

    def of_order(self, order: str) -> Sequence[Entry]:
        """Everything that was ever asked for an order."""
        return [_read(document) for document in self._entries.find({"request.order": order}).sort("_id", 1)]

    def sums(self, currency: str) -> dict[State, int]:
        """Minor units that were approved at some time, by the state they are in now: Approved, Voided or Captured."""
        groups = self._entries.aggregate(
            [
                {"$match": {"request.currency": currency, "authorization": {"$exists": True}}},
                {"$group": {"_id": "$state", "amount": {"$sum": "$request.amount"}}},
            ]
        )
        return {State(group["_id"]): int(group["amount"]) for group in groups}

    def _change(self, key: str, states: Sequence[State], change: Document) -> Entry | None:
        found = self._entries.find_one_and_update(
            {"_id": key, "state": {"$in": list(states)}}, change, return_document=ReturnDocument.AFTER
        )
        return _read(found) if found else None

    def _standing(self, key: str) -> Entry:
        entry = self.get(key)
        if entry is None:
            raise LookupError(f"the ledger lost its entry {key!r}: nothing here deletes one, so somebody else did")
        return entry


def _written(request: Request) -> Document:
    return {
        "token": request.token,
        "amount": request.amount,
        "currency": request.currency,
        "order": request.order,
    }
