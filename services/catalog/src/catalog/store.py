"""Where products are kept: one document each, under its SKU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pymongo.database import Database
from skald.mongo import Document
from skald.repository import AlreadyExists, Repository, codec_of

from catalog.domain import Product

__all__ = ["Products"]


class Products:
    """All products, over the service's database."""

    def __init__(self, database: Database[Document]) -> None:
        self._repository = Repository(database["products"], codec_of(Product))

    def add(self, products: Iterable[Product]) -> Sequence[str]:
        """Store the products whose SKU is new and return these SKUs; the others stay as they are."""
        return [product.sku for product in products if self._add(product)]

    def _add(self, product: Product) -> bool:
        try:
            self._repository.insert(product.sku, product)
        except AlreadyExists:
            return False
        return True

    def get(self, sku: str) -> Product | None:
        """One product."""
        stored = self._repository.get(sku)
        return None if stored is None else stored.state

    def page(self, after: str | None, limit: int) -> Sequence[Product]:
        """At most ``limit`` products by SKU, from the one that follows ``after``."""
        query = {} if after is None else {"_id": {"$gt": after}}
        return [stored.state for stored in self._repository.find(query, sort=[("_id", 1)], limit=limit)]

    def by_sku(self, skus: Sequence[str]) -> Mapping[str, Product]:
        """Those of the SKUs that are sold here."""
        found = self._repository.find({"_id": {"$in": list(skus)}}, limit=len(skus))
        return {stored.id: stored.state for stored in found}
