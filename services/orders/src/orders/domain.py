"""What an order is and what may become of it. Pure: no clock, no database, no transport.

An order is Pending from its first write until its saga has ended, and then says for good how it ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from skald.money import Money

__all__ = [
    "Concluded",
    "Line",
    "NotPriced",
    "Order",
    "PricedLine",
    "Pricing",
    "Quote",
    "Status",
    "UnknownProducts",
    "repeated_skus",
]


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one product, as the customer asked."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with the price that the customer was promised."""

    sku: str
    quantity: int
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """What catalog asks for all lines of an order."""

    lines: tuple[PricedLine, ...]
    total: Money


class UnknownProducts(Exception):
    """Catalog does not sell these SKUs, so the order cannot be priced."""

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(f"catalog does not sell {', '.join(skus)}")
        self.skus = skus


class NotPriced(Exception):
    """These lines have no price together; the message says why."""


class Pricing(Protocol):
    """Whoever knows the prices."""

    def quote(self, lines: Sequence[Line]) -> Quote:
        """What the lines cost now. Raises UnknownProducts or NotPriced."""


def repeated_skus(skus: Iterable[str]) -> Sequence[str]:
    """Those that stand in more than one line: whether that means their sum or a slip, only the customer knows."""
    return [sku for sku, times in Counter(skus).items() if times > 1]


class Status(StrEnum):
    """How far an order is."""

    PENDING = "Pending"
    CONFIRMED = "Confirmed"
    REJECTED = "Rejected"
    CANCELLED = "Cancelled"
    NEEDS_ATTENTION = "NeedsAttention"


class Concluded(Exception):
    """The order has its verdict already, and a verdict stays."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer bought, or tried to."""

    id: str
    user: str
    request: str
    """Fingerprint of the request that placed it: the same key with another body is another request."""
    lines: tuple[PricedLine, ...]
    total: Money
    payment_method: str
    """A reference that payments gave out; a card number comes nowhere near an order."""
    address: str
    """A reference into the customer's address book."""
    placed_at: str
    """RFC 3339, of one width, so that orders sort by it."""
    status: Status = Status.PENDING
    reason: str | None = None
    """Why it was not confirmed: the error code of the step that failed, or the saga's own reason."""
    message: str = ""
    """The sentence that goes with the reason. For staff: it may speak of the platform."""
    cancel_requested: bool = False
    """Whether the customer asked to have it undone. What comes of it, the status says."""

    def request_cancel(self) -> Order:
        """The customer no longer wants it. Raises Concluded."""
        if self.status is not Status.PENDING:
            raise Concluded(f"order {self.id} is {self.status}, so there is nothing to cancel any more")
        return replace(self, cancel_requested=True)

    def confirm(self) -> Order:
        """Everything that was asked for has been done. Raises Concluded."""
        return self._conclude(Status.CONFIRMED, None)

    def reject(self, reason: str) -> Order:
        """Nothing of it was done, or all of it was undone. Raises Concluded."""
        return self._conclude(Status.REJECTED, reason)

    def cancel(self, reason: str) -> Order:
        """All of it was undone because somebody asked for that. Raises Concluded."""
        return self._conclude(Status.CANCELLED, reason)

    def need_attention(self, reason: str, message: str) -> Order:
        """It is left half-way, or could not be begun: a person has to see to it. Raises Concluded."""
        return self._conclude(Status.NEEDS_ATTENTION, reason, message)

    def _conclude(self, status: Status, reason: str | None, message: str = "") -> Order:
        if self.status is not Status.PENDING:
            raise Concluded(f"order {self.id} is {self.status} and cannot become {status}")
        return replace(self, status=status, reason=reason, message=message)
