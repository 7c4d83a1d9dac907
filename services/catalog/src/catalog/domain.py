"""What a product is and what a basket of them costs. Pure: no database, no transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skald.money import LARGEST_AMOUNT, Money

__all__ = [
    "MAX_LINES",
    "MAX_QUANTITY",
    "BasketError",
    "Line",
    "PricedLine",
    "Product",
    "Quote",
    "check_basket",
    "quote",
]

MAX_LINES = 50
MAX_QUANTITY = 1000


@dataclass(frozen=True, slots=True)
class Product:
    """Something the shop sells."""

    sku: str
    name: str
    description: str
    price: Money
    """Of one piece."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one product."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line and what it costs."""

    line: Line
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """What a basket costs now: either every line has its price, or the SKUs that have none are named."""

    lines: Sequence[PricedLine]
    total: Money | None
    unknown_skus: Sequence[str]


class BasketError(ValueError):
    """A basket that nobody could price; the message says which line is wrong."""


def check_basket(lines: Sequence[Line]) -> None:
    """Raise BasketError unless there is a line, each SKU stands in one line only, and every quantity can be sold."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise BasketError(f"a basket has 1 to {MAX_LINES} lines, this one has {len(lines)}")
    seen: set[str] = set()
    for line in lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise BasketError(f"{line.sku}: the quantity must be 1 to {MAX_QUANTITY}, not {line.quantity}")
        if line.sku in seen:
            raise BasketError(f"{line.sku} stands in more than one line")
        seen.add(line.sku)


def quote(lines: Sequence[Line], products: Mapping[str, Product]) -> Quote:
    """Price a checked basket with the products at hand.

    Raises BasketError when the prices cannot be added up: two currencies, or a total that is not exact in JSON.
    """
    if unknown := [line.sku for line in lines if line.sku not in products]:
        return Quote((), None, unknown)
    priced = [_priced(line, products[line.sku].price) for line in lines]
    return Quote(priced, _total(priced), ())


def _priced(line: Line, price: Money) -> PricedLine:
    return PricedLine(line, price, price.times(line.quantity))


def _total(lines: Sequence[PricedLine]) -> Money:
    currencies = sorted({line.total.currency for line in lines})
    if len(currencies) > 1:
        raise BasketError(f"the lines are priced in {' and '.join(currencies)}; order them apart")
    amount = sum(line.total.amount for line in lines)
    if amount > LARGEST_AMOUNT:
        raise BasketError(f"the total of {amount} {currencies[0]} minor units is more than one order can carry")
    return Money(amount, currencies[0])
