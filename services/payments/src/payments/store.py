"""Where payments and payment methods are kept.

A payment is a document per saga, found by the order for its owner. A method is a document under the user and its id, so
that two users may have a method of the same name and neither can ever reach the other's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from skald.mongo import Document, store_errors
from skald.repository import Repository, Work, codec_of

from payments.domain import Payment, PaymentMethod

__all__ = ["Methods", "Payments"]


class Payments:
    """All payments, over the service's database."""

    def __init__(self, database: Database[Document], works: Iterable[Work[Payment]] = ()) -> None:
        """``works`` are needed by whoever applies commands."""
        self._collection = database["payments"]
        self.repository = Repository(self._collection, codec_of(Payment), works=works)

    @store_errors()
    def ensure_indexes(self) -> None:
        """Make the indexes that are missing. Raises StoreUnavailable."""
        self._collection.create_index("state.order")
        self.repository.outbox.ensure_index()

    def of_order(self, order: str, user: str) -> Payment | None:
        """The payment of an order, if it is this user's. Raises StoreUnavailable."""
        found = self.repository.find({"state.order": order, "state.user": user}, limit=1)
        return found[0].state if found else None


class Methods:
    """All payment methods, over the service's database. Every method raises StoreUnavailable."""

    def __init__(self, database: Database[Document]) -> None:
        self._methods = database["methods"]

    @store_errors()
    def ensure_indexes(self) -> None:
        """Make the index that ``page`` reads."""
        self._methods.create_index([("_id.user", 1), ("_id.method", 1)])

    @store_errors()
    def add(self, methods: Iterable[PaymentMethod]) -> Sequence[str]:
        """Store the methods that are new and return their ids; the others stay as they are."""
        return [method.id for method in methods if self._add(method)]

    def _add(self, method: PaymentMethod) -> bool:
        try:
            self._methods.insert_one(
                {"_id": _key(method.user, method.id), "token": method.token, "label": method.label}
            )
        except DuplicateKeyError:
            return False
        return True

    @store_errors()
    def of_user(self, user: str, method: str) -> PaymentMethod | None:
        """That method, if it is this user's own."""
        found = self._methods.find_one({"_id": _key(user, method)})
        return _read(found) if found else None

    @store_errors()
    def page(self, user: str, after: str | None, limit: int) -> Sequence[PaymentMethod]:
        """At most ``limit`` of the user's methods by id, from the one that follows ``after``."""
        condition: Document = {"_id.user": user}
        if after is not None:
            condition["_id.method"] = {"$gt": after}
        return [_read(found) for found in self._methods.find(condition).sort("_id.method", 1).limit(limit)]


def _key(user: str, method: str) -> Document:
    return {"user": user, "method": method}


def _read(found: Mapping[str, Any]) -> PaymentMethod:
    return PaymentMethod(found["_id"]["method"], found["_id"]["user"], found["token"], found["label"])
