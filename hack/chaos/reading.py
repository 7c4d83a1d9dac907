"""Reads the participants' own records of a run: straight from their databases, and the sagas from the API server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import requests
import yaml
from skald_wire import Kind, command_id, saga_key

from hack.chaos.books import Books, Entry, Order, Parcel, Posting, Saga, Step, Stock
from hack.embedded.manifests import DEFINITIONS
from hack.embedded.platform import Platform

__all__ = ["Reader"]

Document = Mapping[str, Any]
_TERMINAL: Final = frozenset({"Succeeded", "Compensated", "Aborted"})
_PAGE: Final = 500
_COLLECTIONS: Final = {"inventory": "reservations", "payments": "payments", "shipping": "shipments"}


class Reader:
    """The records about everything that was ever ordered of some SKUs."""

    def __init__(self, platform: Platform, skus: Collection[str]) -> None:
        self._platform = platform
        self._skus = sorted(skus)
        self._databases = {name: platform.database(name) for name in ("orders", "test-provider", *_COLLECTIONS)}
        self._api = requests.Session()
        self._api.headers["Authorization"] = f"Bearer {platform.admin_token}"
        self._api.verify = str(platform.ca_file)
        self._api.trust_env = False  # else REQUESTS_CA_BUNDLE wins over verify
        self._steps = tuple(_steps(yaml.safe_load((DEFINITIONS / "place-order-v1.yaml").read_text("utf-8"))))

    def open(self) -> list[str]:
        """The orders that wait for their verdict, or whose saga does. Raises PyMongoError, OSError."""
        pending = {one.id for one in self._orders().values() if one.status == "Pending"}
        ours = self._orders().keys()
        live = {order for order, saga in self._sagas().items() if saga.phase not in _TERMINAL and order in ours}
        return sorted(pending | live)

    def read(self, accepted: Collection[str]) -> Books:
        """All records, as they are now. Raises PyMongoError, OSError."""
        orders = self._orders()
        registers = {of: self._documents(of, orders) for of in _COLLECTIONS}
        return Books(
            steps=self._steps,
            accepted=frozenset(accepted),
            orders=orders,
            sagas={order: saga for order, saga in self._sagas().items() if order in orders},
            actions=self._entries(orders, registers, Kind.ACTION),
            compensations=self._entries(orders, registers, Kind.COMPENSATION),
            reservations={of: one["state"]["id"] for of, one in registers["inventory"].items() if one.get("state")},
            ledger=self._ledger(orders),
            parcels=self._parcels(orders),
            stock={one["_id"]: _stock(one) for one in self._of("inventory", "stock", {"_id": {"$in": self._skus}})},
        )

    def _of(self, service: str, collection: str, query: Document) -> Iterator[Document]:
        yield from self._databases[service][collection].find(dict(query))

    def _orders(self) -> dict[str, Order]:
        found = self._of("orders", "orders", {"state.lines.sku": {"$in": self._skus}})
        return {one["_id"]: _order(one) for one in found}

    def _documents(self, participant: str, orders: Collection[str]) -> dict[str, Document]:
        """By order; a document may hold a register and nothing else."""
        keys = {saga_key(self._platform.namespace, _name(order)): order for order in orders}
        found = self._of(participant, _COLLECTIONS[participant], {"_id": {"$in": list(keys)}})
        return {keys[one["_id"]]: one for one in found}

    def _entries(
        self, orders: Collection[str], registers: Mapping[str, Mapping[str, Document]], kind: Kind
    ) -> dict[tuple[str, str], Entry]:
        entries = {}
        for order in orders:
            for step in self._steps:
                register = registers[step.participant].get(order, {}).get("register", {})
                entry = register.get(command_id(self._platform.namespace, _name(order), step.name, kind))
                if entry is not None:
                    entries[order, step.name] = Entry(entry["outcome"], entry.get("undone", False))
        return entries

    def _ledger(self, orders: Collection[str]) -> dict[str, list[Posting]]:
        postings = defaultdict(list)
        for one in self._of("test-provider", "ledger", {"request.order": {"$in": list(orders)}}):
            postings[one["request"]["order"]].append(Posting(one["state"], one["request"]["amount"]))
        return dict(postings)

    def _parcels(self, orders: Collection[str]) -> dict[str, list[Parcel]]:
        parcels = defaultdict(list)
        for one in self._of("shipping", "shipments", {"state.order": {"$in": list(orders)}}):
            parcels[one["state"]["order"]].append(Parcel(_quantities(one["state"]["lines"])))
        return dict(parcels)

    def _sagas(self) -> dict[str, Saga]:
        """By order, those of other runs too."""
        url = f"{self._platform.kubernetes_url}/apis/skald.dev/v1alpha1/namespaces/{self._platform.namespace}/sagas"
        sagas: dict[str, Saga] = {}
        token = ""
        while True:
            answer = self._api.get(url, params={"limit": str(_PAGE), "continue": token}, timeout=30)
            answer.raise_for_status()
            for one in answer.json()["items"]:
                status = one.get("status", {})
                found = Saga(status.get("phase", "Pending"), status.get("direction", "Forward"))
                sagas[one["metadata"]["name"].removeprefix("order-")] = found
            token = answer.json()["metadata"].get("continue", "")
            if not token:
                return sagas


def _name(order: str) -> str:
    """Of the order's saga, which is also its idempotency key."""
    return f"order-{order}"


def _steps(definition: Document) -> Iterator[Step]:
    for step in definition["spec"]["steps"]:
        yield Step(step["name"], step["participant"], "compensation" in step)


def _order(document: Document) -> Order:
    state = document["state"]
    return Order(
        document["_id"], state["status"], state.get("reason"), _quantities(state["lines"]), state["total"]["amount"]
    )


def _quantities(lines: Collection[Document]) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in lines}


def _stock(document: Document) -> Stock:
    holds = {name: hold["state"] for name, hold in document["holds"].items()}
    return Stock(document["initial"], document["available"], document["held"], document["sold"], holds)
