"""What the participants' own records say of the orders of one run. Plain data: ``judge`` makes sense of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Books", "Entry", "Order", "Parcel", "Posting", "Saga", "Step", "Stock"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the definition that the orders ran by."""

    name: str
    participant: str
    compensated: bool
    """Whether it has a compensation; a step from the pivot on has none."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as orders has stored it."""

    id: str
    status: str
    reason: str | None
    quantities: Mapping[str, int]
    """Pieces by SKU."""
    total: int
    """Minor units."""


@dataclass(frozen=True, slots=True)
class Saga:
    """The order's Saga object."""

    phase: str
    direction: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a participant's register holds for one command."""

    outcome: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of the payment provider's ledger."""

    state: str
    amount: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What shipping has handed to the carrier."""

    quantities: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stock:
    """The pieces of one SKU, and what it remembers of each reservation: its id and held, released or sold."""

    initial: int
    available: int
    held: int
    sold: int
    holds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Books:
    """All of it, by order id or SKU."""

    steps: Sequence[Step]
    accepted: frozenset[str]
    """The orders that a customer was told of by a 202."""
    orders: Mapping[str, Order]
    sagas: Mapping[str, Saga]
    """Those that are still there: a finished one may have been reaped."""
    actions: Mapping[tuple[str, str], Entry]
    """By order and step; absent means that nothing is registered."""
    compensations: Mapping[tuple[str, str], Entry]
    reservations: Mapping[str, str]
    """By order, the id that its holds go by."""
    ledger: Mapping[str, Sequence[Posting]]
    parcels: Mapping[str, Sequence[Parcel]]
    stock: Mapping[str, Stock]
