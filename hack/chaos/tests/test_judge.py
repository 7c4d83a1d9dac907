"""The judge finds nothing in right books, and in wrong ones the very rule that was broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import pytest

from hack.chaos.books import Books, Entry, Order, Parcel, Posting, Saga, Step, Stock
from hack.chaos.judge import RULES, judge

K = TypeVar("K")
V = TypeVar("V")

STEPS = (
    Step("reserve-stock", "inventory", compensated=True),
    Step("authorize-payment", "payments", compensated=True),
    Step("capture-payment", "payments", compensated=False),
    Step("dispatch", "shipping", compensated=False),
)
DONE, UNDONE = Entry("executed"), Entry("executed", undone=True)


def order(name: str, status: str, reason: str | None = None) -> Order:
    return Order(name, status, reason, {"harp": 2}, 500)


def books() -> Books:
    """One order of each end: good, refused by the card, cancelled by the customer."""
    return Books(
        steps=STEPS,
        accepted=frozenset({"good", "bad", "off"}),
        orders={
            "good": order("good", "Confirmed"),
            "bad": order("bad", "Rejected", "CardDeclined"),
            "off": order("off", "Cancelled", "CancelRequested"),
        },
        sagas={"good": Saga("Succeeded", "Forward"), "bad": Saga("Compensated", "Backward")},
        actions={
            **{("good", step.name): DONE for step in STEPS},
            ("bad", "reserve-stock"): UNDONE,
            ("bad", "authorize-payment"): Entry("failed"),
            ("off", "reserve-stock"): UNDONE,
            ("off", "authorize-payment"): UNDONE,
        },
        compensations={
            ("bad", "reserve-stock"): DONE,
            ("off", "reserve-stock"): DONE,
            ("off", "authorize-payment"): DONE,
        },
        reservations={"good": "r1", "bad": "r2", "off": "r3"},
        ledger={"good": [Posting("Captured", 500)], "bad": [Posting("Declined", 500)], "off": [Posting("Voided", 500)]},
        parcels={"good": [Parcel({"harp": 2})]},
        stock={"harp": Stock(10, 8, 0, 2, {"r1": "sold", "r2": "released", "r3": "released"})},
    )


def test_right_books_are_right() -> None:
    assert judge(books()) == []


def without(mapping: Mapping[K, V], *keys: K) -> dict[K, V]:
    return {key: value for key, value in mapping.items() if key not in keys}


TAMPERED: dict[str, tuple[str, Callable[[Books], Books]]] = {
    "an accepted order that nobody knows": ("lost", lambda b: replace(b, accepted=b.accepted | {"gone"})),
    "an order without a verdict": ("S7", lambda b: replace(b, orders={**b.orders, "bad": order("bad", "Pending")})),
    "an order that a person has to look at": (
        "S7",
        lambda b: replace(b, orders={**b.orders, "bad": order("bad", "NeedsAttention", "SagaRefused")}),
    ),
    "a saga that still runs": ("S7", lambda b: replace(b, sagas={**b.sagas, "good": Saga("Running", "Forward")})),
    "an effect begun and never ended": (
        "S7",
        lambda b: replace(b, actions={**b.actions, ("bad", "authorize-payment"): Entry("started")}),
    ),
    "an order that says other than its saga": (
        "verdict",
        lambda b: replace(b, sagas={**b.sagas, "good": Saga("Compensated", "Backward")}),
    ),
    "a step of a good order that was not done": (
        "S1",
        lambda b: replace(b, actions=without(b.actions, ("good", "dispatch"))),
    ),
    "a step of a good order that failed": (
        "S1",
        lambda b: replace(b, actions={**b.actions, ("good", "dispatch"): Entry("failed")}),
    ),
    "a step of a bad order that was not undone": (
        "S1",
        lambda b: replace(b, actions={**b.actions, ("bad", "reserve-stock"): DONE}),
    ),
    "a compensation on the way forward": (
        "S2",
        lambda b: replace(b, compensations={**b.compensations, ("good", "reserve-stock"): DONE}),
    ),
    "a step from the pivot on after the flip": (
        "S3",
        lambda b: replace(b, actions={**b.actions, ("off", "capture-payment"): DONE}),
    ),
    "something undone after the pivot": (
        "S6",
        lambda b: replace(b, actions={**b.actions, ("good", "reserve-stock"): UNDONE}),
    ),
    "money taken twice": ("S4", lambda b: replace(b, ledger={**b.ledger, "good": [Posting("Captured", 500)] * 2})),
    "money taken and set aside": (
        "S4",
        lambda b: replace(b, ledger={**b.ledger, "good": [Posting("Captured", 500), Posting("Approved", 500)]}),
    ),
    "another sum taken": ("S4", lambda b: replace(b, ledger={**b.ledger, "good": [Posting("Captured", 499)]})),
    "no money taken": ("S4", lambda b: replace(b, ledger=without(b.ledger, "good"))),
    "money of a bad order kept": ("S4", lambda b: replace(b, ledger={**b.ledger, "off": [Posting("Captured", 500)]})),
    "money of a bad order set aside for ever": (
        "S4",
        lambda b: replace(b, ledger={**b.ledger, "off": [Posting("Approved", 500)]}),
    ),
    "two parcels": ("S4", lambda b: replace(b, parcels={"good": [Parcel({"harp": 2})] * 2})),
    "another parcel than ordered": ("S4", lambda b: replace(b, parcels={"good": [Parcel({"harp": 1})]})),
    "no parcel": ("S4", lambda b: replace(b, parcels={})),
    "a parcel for a bad order": ("S4", lambda b: replace(b, parcels={**b.parcels, "bad": [Parcel({"harp": 2})]})),
    "stock sold twice": ("S4", lambda b: replace(b, stock={"harp": Stock(10, 6, 0, 4)})),
    "stock not sold": ("S4", lambda b: replace(b, stock={"harp": Stock(10, 10, 0, 0)})),
    "a sale for a bad order": (
        "S4",
        lambda b: replace(b, stock={"harp": replace(b.stock["harp"], holds={"r2": "sold"})}),
    ),
    "a good order's pieces given back": (
        "S4",
        lambda b: replace(b, stock={"harp": replace(b.stock["harp"], holds={"r1": "released"})}),
    ),
    "stock held for nobody": ("S1", lambda b: replace(b, stock={"harp": Stock(10, 6, 2, 2)})),
    "pieces out of nowhere": ("books", lambda b: replace(b, stock={"harp": Stock(10, 9, 0, 2)})),
    "fewer pieces than none": ("books", lambda b: replace(b, stock={"harp": Stock(1, -1, 0, 2)})),
}


@pytest.mark.parametrize("damage", TAMPERED)
def test_tampered_books_are_found_out_by_the_rule_that_they_break(damage: str) -> None:
    rule, tamper = TAMPERED[damage]
    assert rule in {violation.rule for violation in judge(tamper(books()))}


def test_every_rule_is_shown_to_notice_something() -> None:
    assert {rule for rule, _ in TAMPERED.values()} == set(RULES)


def test_a_saga_that_was_reaped_is_no_violation() -> None:
    assert judge(replace(books(), sagas={})) == []


def test_a_sku_that_has_forgotten_old_marks_is_no_violation() -> None:
    right = books()
    assert judge(replace(right, stock={"harp": replace(right.stock["harp"], holds={})})) == []
