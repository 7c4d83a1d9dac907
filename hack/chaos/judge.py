"""Whether the books are right. Pure; every rule here is shown by a test to notice what it is there for.

S1 to S7 as docs/invariants.md words them, as far as books can show them: not S5 (the order saga's compensations depend
on nothing that is compensated), nor S8 and S9 (nobody decides or approves anything in this load).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hack.chaos.books import Books, Order, Stock

__all__ = ["RULES", "Violation", "judge"]

RULES: Final = {
    "lost": "every order that was accepted is stored",
    "S1": "a confirmed order is done in every part, any other in none",
    "S2": "nothing is compensated of an order that goes forward",
    "S3": "no step from the pivot on is executed of an order that goes back",
    "S4": "stock and money moved exactly once for each confirmed order, and for no other",
    "S6": "nothing is undone after the pivot",
    "S7": "nothing is left unfinished",
    "books": "every SKU's pieces add up",
    "verdict": "the order says what its saga says",
}

_GOOD: Final = "Confirmed"
_BACK: Final = frozenset({"Rejected", "Cancelled"})
_PHASES: Final = {"Confirmed": "Succeeded", "Rejected": "Compensated", "Cancelled": "Compensated"}
_SET_ASIDE: Final = frozenset({"Approved", "Captured"})
_BEGUN: Final = frozenset({"started", "undoing"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold."""

    rule: str
    of: str
    """The order's id, or the SKU."""
    says: str


def judge(books: Books) -> list[Violation]:
    """Everything that is wrong; empty when the books are right."""
    return [
        *_lost(books),
        *(found for order in books.orders.values() for found in _of_order(books, order)),
        *_of_stock(books),
    ]


def _lost(books: Books) -> Iterator[Violation]:
    for order in sorted(books.accepted - books.orders.keys()):
        yield Violation("lost", order, "it was accepted, and orders does not know it")


def _of_order(books: Books, order: Order) -> Iterator[Violation]:
    yield from _verdict(books, order)
    if order.status == _GOOD:
        yield from _done(books, order)
    elif order.status in _BACK:
        yield from _undone(books, order)
    yield from _money(books, order)
    yield from _parcels(books, order)
    yield from _holds(books, order)
    yield from _pivot(books, order)


def _verdict(books: Books, order: Order) -> Iterator[Violation]:
    saga = books.sagas.get(order.id)
    if order.status not in _PHASES:
        yield Violation("S7", order.id, f"the order is {order.status} ({order.reason}), its saga {saga}")
    elif saga is not None and saga.phase != _PHASES[order.status]:
        rule = "verdict" if saga.phase in _PHASES.values() else "S7"
        yield Violation(rule, order.id, f"the order is {order.status}, its saga {saga.phase}")
    for (of, step), entry in books.actions.items():
        if of == order.id and entry.outcome in _BEGUN:
            yield Violation("S7", order.id, f"{step} is {entry.outcome} for ever")


def _done(books: Books, order: Order) -> Iterator[Violation]:
    for step in books.steps:
        entry = books.actions.get((order.id, step.name))
        if entry is None or entry.outcome != "executed" or entry.undone:
            yield Violation("S1", order.id, f"it is confirmed, and {step.name} is {entry or 'not registered'}")
        if (order.id, step.name) in books.compensations:
            yield Violation("S2", order.id, f"it is confirmed, and {step.name} was compensated")


def _undone(books: Books, order: Order) -> Iterator[Violation]:
    for step in books.steps:
        entry = books.actions.get((order.id, step.name))
        if entry is None or entry.outcome != "executed":
            continue
        if not step.compensated:
            yield Violation("S3", order.id, f"it is {order.status}, and {step.name} was executed")
        elif not entry.undone:
            yield Violation("S1", order.id, f"it is {order.status}, and {step.name} was not undone")


def _pivot(books: Books, order: Order) -> Iterator[Violation]:
    executed = [
        step.name for step in books.steps if _executed_for_good(books, order, step.name) and not step.compensated
    ]
    undone = [step.name for step in books.steps if (found := books.actions.get((order.id, step.name))) and found.undone]
    if executed and undone:
        yield Violation("S6", order.id, f"{', '.join(executed)} executed, {', '.join(undone)} undone")


def _executed_for_good(books: Books, order: Order, step: str) -> bool:
    entry = books.actions.get((order.id, step))
    return entry is not None and entry.outcome == "executed"


def _money(books: Books, order: Order) -> Iterator[Violation]:
    held = [one for one in books.ledger.get(order.id, ()) if one.state in _SET_ASIDE]
    right = [("Captured", order.total)] if order.status == _GOOD else []
    if order.status in _PHASES and [(one.state, one.amount) for one in held] != right:
        found = ", ".join(f"{one.state} {one.amount}" for one in held) or "nothing"
        yield Violation("S4", order.id, f"it is {order.status} with a total of {order.total}; the provider has {found}")


def _parcels(books: Books, order: Order) -> Iterator[Violation]:
    sent = [dict(parcel.quantities) for parcel in books.parcels.get(order.id, ())]
    right = [dict(order.quantities)] if order.status == _GOOD else []
    if order.status in _PHASES and sent != right:
        yield Violation("S4", order.id, f"it is {order.status} over {dict(order.quantities)}; sent was {sent}")


def _holds(books: Books, order: Order) -> Iterator[Violation]:
    """A SKU that has forgotten the reservation says nothing about it."""
    for sku in order.quantities:
        hold = books.stock[sku].holds.get(books.reservations.get(order.id, "")) if sku in books.stock else None
        if hold and order.status in _PHASES and (hold == "sold") != (order.status == _GOOD):
            yield Violation("S4", order.id, f"it is {order.status}, and {sku} has its reservation down as {hold}")


def _of_stock(books: Books) -> Iterator[Violation]:
    for sku, stock in books.stock.items():
        if stock.available + stock.held + stock.sold != stock.initial or min(_pieces(stock)) < 0:
            yield Violation("books", sku, f"its pieces do not add up: {stock}")
        confirmed = sum(order.quantities.get(sku, 0) for order in books.orders.values() if order.status == _GOOD)
        if stock.sold != confirmed:
            yield Violation("S4", sku, f"{stock.sold} are sold, {confirmed} were confirmed")
        open_pieces = sum(
            order.quantities.get(sku, 0) for order in books.orders.values() if order.status not in _PHASES
        )
        if stock.held > open_pieces:
            yield Violation("S1", sku, f"{stock.held} are held, for orders that are open at most {open_pieces}")


def _pieces(stock: Stock) -> Iterable[int]:
    return stock.initial, stock.available, stock.held, stock.sold
