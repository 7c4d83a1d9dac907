"""Where shipments are kept: one document per saga, found by the order for its owner."""

from __future__ import annotations

from pymongo.database import Database
from skald.mongo import Document, store_errors
from skald.repository import Repository, codec_of

from shipping.domain import Shipment

__all__ = ["Shipments"]


class Shipments:
    """All shipments, over the service's database."""

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["shipments"]
        self.repository = Repository(self._collection, codec_of(Shipment))

    @store_errors()
    def ensure_indexes(self) -> None:
        """Make the indexes that are missing. Raises StoreUnavailable."""
        self._collection.create_index("state.order")
        self.repository.outbox.ensure_index()

    def of_order(self, order: str, user: str) -> Shipment | None:
        """The shipment of an order, if it is this user's. Raises StoreUnavailable."""
        found = self.repository.find({"state.order": order, "state.user": user}, limit=1)
        return found[0].state if found else None
