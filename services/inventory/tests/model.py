"""The shelf as a model: the rule in plain Python, which the one-write form in ``store.py`` has to agree with."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import NAMESPACE_OID, uuid5

from inventory.domain import Hold, Line, NotHeld, Reservation, Stock, Taken
from skald.moments import rfc3339


def at(minute: int) -> str:
    return rfc3339(60.0 * minute)


def reservation(name: str, *lines: Line, minutes: int = 1) -> Reservation:
    order = str(uuid5(NAMESPACE_OID, f"order-{name}"))
    return Reservation(str(uuid5(NAMESPACE_OID, name)), order, lines, at(minutes))


@dataclass
class Sku:
    initial: int
    available: int
    horizon: str = at(0)
    holds: dict[str, tuple[Hold, int, str]] = field(default_factory=dict)

    def pieces(self, state: Hold) -> int:
        return sum(quantity for kept, quantity, _ in self.holds.values() if kept is state)


class ModelShelf:
    def __init__(self, **stock: int) -> None:
        self.skus = {sku: Sku(quantity, quantity) for sku, quantity in stock.items()}
        self.sold: dict[str, int] = dict.fromkeys(stock, 0)

    def get(self, sku: str) -> Stock | None:
        found = self.skus.get(sku)
        if found is None:
            return None
        return Stock(sku, found.initial, found.available, found.pieces(Hold.HELD), self.sold[sku])

    def take(self, line: Line, reservation: Reservation) -> Taken:
        sku = self.skus.get(line.sku)
        if sku is None:
            return Taken.UNKNOWN
        if reservation.id in sku.holds:
            return Taken.HELD if sku.holds[reservation.id][0] is Hold.HELD else Taken.LATE
        if sku.horizon > reservation.since:
            return Taken.LATE
        if sku.available < line.quantity:
            return Taken.SHORT
        sku.available -= line.quantity
        sku.holds[reservation.id] = (Hold.HELD, line.quantity, reservation.since)
        return Taken.HELD

    def take_back(self, line: Line, reservation: Reservation) -> None:
        sku = self.skus.get(line.sku)
        if sku is None:
            return
        state = sku.holds.get(reservation.id, (None,))[0]
        if state is Hold.HELD:
            sku.available += line.quantity
        if state in (Hold.HELD, None):
            sku.holds[reservation.id] = (Hold.RELEASED, line.quantity, reservation.since)

    def sell(self, line: Line, reservation: Reservation) -> None:
        sku = self.skus.get(line.sku)
        state = sku.holds.get(reservation.id, (None,))[0] if sku else None
        if sku is None or state is Hold.RELEASED or (state is None and sku.horizon <= reservation.since):
            raise NotHeld(line.sku)
        if state is Hold.HELD:
            self.sold[line.sku] += line.quantity
            sku.holds[reservation.id] = (Hold.SOLD, line.quantity, reservation.since)

    def forget(self, before: str) -> int:
        gone = 0
        for sku in self.skus.values():
            over = [name for name, (state, _, since) in sku.holds.items() if state is not Hold.HELD and since < before]
            for name in over:
                del sku.holds[name]
            if over:
                sku.horizon = max(sku.horizon, before)
            gone += len(over)
        return gone


def adds_up(stock: Stock | None) -> bool:
    assert stock is not None
    parts = (stock.available, stock.held, stock.sold)
    return sum(parts) == stock.initial and min(parts) >= 0
