"""Takes an order in: prices it and stores it, once for each id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skald.moments import rfc3339

from orders.domain import Line, Order, Pricing
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

        A repeated request gets the price that it was promised, even while catalog is away. Raises UnknownProducts or
        NotPriced.
        """
        earlier = self._orders.get(request.id)
        if earlier is not None:
            return earlier
        quote = self._pricing.quote(request.lines)
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
