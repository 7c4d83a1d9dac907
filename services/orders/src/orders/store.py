"""Where orders are kept: one document each, with its saga's spec and its events until both are dealt with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database
from skald.mongo import Document, store_errors
from skald.repository import AlreadyExists, Done, Repository, codec_of
from skald.sagas import SagaSpec, asking_to_cancel

from orders.domain import Order
from orders.events import placed

__all__ = ["Orders"]


class Orders:
    """All orders, over the service's database."""

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["orders"]
        self.repository = Repository(self._collection, codec_of(Order))

    def ensure_indexes(self) -> None:
        """Make the index that ``page`` reads. Safe to repeat."""
        with store_errors():
            self._collection.create_index(
                [("state.user", 1), ("state.placed_at", DESCENDING), ("_id", DESCENDING)], name="of-user-newest-first"
            )

    def add(self, order: Order, saga: SagaSpec) -> Order:
        """Store the order, the saga it asks for and the event that tells of it, in one write.

        Returns the order that is stored under this id: an earlier one when there is one already.
        """
        try:
            return self.repository.insert(order.id, order, events=[placed(order)], saga=saga).state
        except AlreadyExists as error:
            earlier: Order = error.stored.state
            return earlier

    def get(self, order_id: str) -> Order | None:
        """One order, whosesoever it is."""
        stored = self.repository.get(order_id)
        return None if stored is None else stored.state

    def request_cancel(self, order_id: str, now: float) -> Order:
        """Have the order's saga cancelled, if it is not too late. ``now`` in Unix seconds. Raises Concluded."""
        return self.repository.update(
            order_id, lambda order: Done(order.request_cancel()), fields=asking_to_cancel(now)
        ).state

    def page(self, user: str, after: tuple[str, str] | None, limit: int) -> Sequence[Order]:
        """At most ``limit`` orders of the user, newest first, from the one that follows ``after``: its time and id."""
        query: dict[str, Any] = {"state.user": user}
        if after is not None:
            placed_at, order_id = after
            query["$or"] = [
                {"state.placed_at": {"$lt": placed_at}},
                {"state.placed_at": placed_at, "_id": {"$lt": order_id}},
            ]
        order = [("state.placed_at", DESCENDING), ("_id", DESCENDING)]
        return [stored.state for stored in self.repository.find(query, sort=order, limit=limit)]
