"""Takes an order in: prices it and stores it, once for each id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skald.moments import rfc3339
from skald.problems import Problem

from orders.domain import Line, NotPriced, Order, Pricing, UnknownProducts
from orders.saga import saga_of
from orders.store import Orders

__all__ = ["OrderRequest", "Placing"]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a customer asks for."""

    id: str
    """Follows from the user and the Idempotency-Key: a repeated request asks for the same order."""
    user: str
    fingerprint: str
    lines: Sequence[Line]
    payment_method: str
    address: str


class Placing:
    """The one way in which orders come to be."""

    def __init__(self, orders: Orders, pricing: Pricing, definition: str, clock: Callable[[], float]) -> None:
        """``definition`` names the SagaDefinition that new orders run by; ``clock`` gives Unix seconds."""
        self._orders = orders
        self._pricing = pricing
        self._definition = definition
        self._clock = clock

    def place(self, request: OrderRequest) -> Order:
        """The order of that id, as it is now; placed by this call unless it was before.

        Raises UnknownProducts, NotPriced, or the client's Problem when catalog cannot be asked.
        """
        try:
            quote = self._pricing.quote(request.lines)
        except (UnknownProducts, NotPriced, Problem):
            # A repeated request gets the order that it was promised, whatever became of catalog since. Looking only
            # now spares every new order a read.
            if earlier := self._orders.get(request.id):
                return earlier
            raise
        order = Order(
            id=request.id,
            user=request.user,
            request=request.fingerprint,
            lines=quote.lines,
            total=quote.total,
            payment_method=request.payment_method,
            address=request.address,
            placed_at=rfc3339(self._clock()),
        )
        return self._orders.add(order, saga_of(order, self._definition))
