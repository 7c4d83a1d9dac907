"""What orders tells the world; the schemas are services/contracts/events/orders.*.schema.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from skald.outbox import Event

from orders.domain import Order, Status

__all__ = ["concluded", "placed"]

_TYPES = {
    Status.CONFIRMED: "orders.confirmed",
    Status.REJECTED: "orders.rejected",
    Status.CANCELLED: "orders.cancelled",
    Status.NEEDS_ATTENTION: "orders.needs-attention",
}


def placed(order: Order) -> Event:
    """The order was accepted."""
    lines = [{"sku": line.sku, "quantity": line.quantity} for line in order.lines]
    return _event("orders.placed", order, lines=lines, total=asdict(order.total))


def concluded(order: Order) -> Event:
    """The order's saga has ended, and this is what it means for the order."""
    if order.status is Status.CONFIRMED:
        return _event(_TYPES[order.status], order, total=asdict(order.total))
    if order.status is Status.NEEDS_ATTENTION:
        return _event(_TYPES[order.status], order, reason=order.reason, message=order.message)
    return _event(_TYPES[order.status], order, reason=order.reason)


def _event(type_: str, order: Order, **data: Any) -> Event:
    return Event(type_, order.id, {"orderId": order.id, "userId": order.user, **data})
