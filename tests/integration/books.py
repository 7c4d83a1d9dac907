"""The participants' own records, read where they keep them, and whether they add up."""

from __future__ import annotations

import time
import uuid
from typing import Any

import requests
from catalog.domain import Product
from catalog.store import Products
from inventory.domain import Line
from inventory.store import MongoShelf
from pymongo import MongoClient
from pymongo.database import Database
from skald.moments import rfc3339
from skald.money import Money

from tests.integration.shop import Shop


class Books:
    """Stock from inventory's staff API, money from the payment provider's ledger."""

    def __init__(self, platform: Any, shop: Shop) -> None:
        self.platform, self.shop = platform, shop

    def stock(self, sku: str) -> dict[str, int]:
        answer = self.shop.staff.get(self.shop.url(f"/v1/stock/{sku}"), timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_stock(self) -> list[dict[str, Any]]:
        answer = self.shop.staff.get(self.shop.url("/v1/stock"), timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def _provider(self, path: str, **query: str) -> dict[str, Any]:
        token = (self.platform.tokens_dir("payments") / "test-provider").read_text()
        url = f"{self.platform.env('payments-worker')['SKALD_PROVIDER_URL']}{path}"
        answer = requests.get(url, params=query, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ledger(self) -> dict[str, Any]:
        """Sums in minor units: authorized, captured, voided, open."""
        return self._provider("/v1/ledger", currency="EUR")

    def entries(self, order: str) -> list[dict[str, Any]]:
        """What the provider booked for one order."""
        return self._provider("/v1/entries", order=order)["items"]

    def new_sku(self, stock: int) -> str:
        """A product that no other test buys."""
        sku = f"test-{uuid.uuid4().hex[:8]}"
        Products(self.database("catalog")).add([Product(sku, "Test", "Bought by one test.", Money(1_000, "EUR"))])
        MongoShelf(self.database("inventory")).add([Line(sku, stock)], rfc3339(time.time()))
        return sku

    def database(self, service: str) -> Database[dict[str, Any]]:
        """A service's own database, as its own user."""
        client: MongoClient[dict[str, Any]] = MongoClient(self.platform.mongodb_uri(service))
        return client.get_default_database()

    def outcomes(self, participant: str, order: str) -> list[str]:
        """What a participant's register holds for an order's saga."""
        collection = {"inventory": "reservations", "payments": "payments", "shipping": "shipments"}[participant]
        key = f"{self.platform.namespace}/order-{order}"
        document = self.database(participant)[collection].find_one({"_id": key}) or {}
        return [entry["outcome"] for entry in document.get("register", {}).values()]

    def check(self) -> None:
        """Every SKU: available + held + sold is what there was. What was authorized was captured, voided or is open."""
        for line in self.all_stock():
            assert line["available"] + line["held"] + line["sold"] == line["initial"], line
            assert line["available"] >= 0, line
        sums = self.ledger()
        assert sums["authorized"] == sums["captured"] + sums["voided"] + sums["open"], sums
