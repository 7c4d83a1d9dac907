"""An order's saga: what it is asked to do, and what its verdict means for the order. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final, assert_never

from skald.effects import Done
from skald.sagas import SagaSpec, Verdict

from orders.domain import Order, Status
from orders.events import concluded

__all__ = ["conclude", "saga_name", "saga_of"]

_KEPT: Final = 7 * 24 * 3600
"""Seconds for which people can look an order's saga up after its end; etcd holds every one of them."""
_CANCEL_REQUESTED: Final = "CancelRequested"
"""The operator's reason where a saga was undone for nothing but its spec.cancel."""


def saga_name(order_id: str) -> str:
    """The Saga object's name."""
    return f"order-{order_id}"


def saga_of(order: Order, definition: str) -> SagaSpec:
    """What places the order. It holds references only: sagas are read by people and kept in logs."""
    return SagaSpec(
        name=saga_name(order.id),
        definition=definition,
        input={
            "orderId": order.id,
            "userId": order.user,
            "lines": [{"sku": line.sku, "quantity": line.quantity} for line in order.lines],
            "total": asdict(order.total),
            "paymentMethod": order.payment_method,
            "address": {"addressId": order.address},
        },
        kept=_KEPT,
    )


def conclude(order: Order, verdict: Verdict) -> Done[Order]:
    """The order after its saga has ended, and the event that says so.

    An order that was concluded before stays as it is: a saga that a restore brought back says nothing new.
    """
    if order.status is not Status.PENDING:
        return Done(order)
    ended = _ended(order, verdict)
    return Done(ended, events=[concluded(ended)])


def _ended(order: Order, verdict: Verdict) -> Order:
    reason = verdict.reason or verdict.phase
    match verdict.phase:
        case "Succeeded":
            return order.confirm()
        case "Compensated":
            return order.cancel(reason) if reason == _CANCEL_REQUESTED else order.reject(reason)
        case "Aborted" | "Refused":
            return order.need_attention(reason, verdict.message)
        case unreachable:
            assert_never(unreachable)
