"""Orders over HTTP: takes them in and shows them to whom they belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from apiflask import APIBlueprint
from pydantic import Field, field_validator
from skald.app import deps
from skald.auth import current_subject, requires
from skald.idempotency import IdempotencyKey, check_same_request, fingerprint
from skald.money import Money
from skald.pagination import PageQuery, page_of
from skald.problems import FieldError, Problem
from skald.schema import Body, View

from orders.domain import Concluded, Line, NotPriced, Order, Status, UnknownProducts, repeated_skus
from orders.placing import OrderRequest, Placing
from orders.saga import saga_name
from orders.store import Orders

__all__ = ["Deps", "api"]

api = APIBlueprint("orders", __name__, url_prefix="/v1/orders", tag="Orders")

_CANCEL_ANSWERS: Final[dict[int | str, Any]] = {
    200: {
        "description": "Nothing of it remains.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderView"}}},
    },
    409: {"description": "It is too late."},
}
"""Besides 202, which the route itself describes."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What the handlers need."""

    orders: Orders
    placing: Placing
    namespace: str
    """Where the sagas of the orders are."""
    clock: Callable[[], float]
    """Unix seconds."""


class LineBody(Body):
    """One line of an order."""

    sku: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    quantity: int = Field(ge=1, le=1000)


class NewOrder(Body):
    """What a customer asks for."""

    lines: list[LineBody] = Field(min_length=1, max_length=50)
    payment_method: str = Field(
        pattern=r"^pm_[A-Za-z0-9_]{1,60}$", description="From /v1/payment-methods; never a card number."
    )
    address_id: str = Field(
        "default", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$", description="From the customer's address book."
    )

    @field_validator("lines")
    @classmethod
    def _one_line_for_each_sku(cls, lines: list[LineBody]) -> list[LineBody]:
        if repeated := repeated_skus(line.sku for line in lines):
            raise ValueError(f"{', '.join(repeated)}: put each SKU into one line, with the sum of its quantities")
        return lines


class LineView(View):
    """One line, with the price that was promised."""

    sku: str
    quantity: int
    unit_price: Money
    total: Money


class SagaView(View):
    """Where to look when an order takes its time: kubectl -n NAMESPACE get saga NAME."""

    name: str
    namespace: str


class LinksView(View):
    """Paths, on the host that was asked."""

    self: str


class OrderView(View):
    """An order."""

    id: str
    status: Status
    reason: str | None = Field(description="Why it was not confirmed, such as OutOfStock or CardDeclined.")
    cancel_requested: bool = Field(description="Whether it is to be undone; whether it was, the status says.")
    lines: list[LineView]
    total: Money
    payment_method: str
    address_id: str
    placed_at: str = Field(json_schema_extra={"format": "date-time"})
    saga: SagaView
    links: LinksView


class OrderPage(View):
    """Some of the caller's orders, newest first; the Link header leads to the older ones."""

    items: list[OrderView]


@api.post("")
@requires("orders:write")
@api.input(NewOrder)
@api.input(IdempotencyKey, location="headers", arg_name="key")
@api.output(OrderView, status_code=202)
def place_order(json_data: NewOrder, key: IdempotencyKey) -> tuple[OrderView, int, dict[str, str]]:
    """Place an order. The answer does not wait for its saga: look again at the order until it is no longer Pending."""
    subject, sent = current_subject(), fingerprint(json_data.model_dump(by_alias=True, exclude_unset=True))
    request = OrderRequest(
        id=key.document_id(subject.id),
        user=subject.id,
        fingerprint=sent,
        lines=[Line(line.sku, line.quantity) for line in json_data.lines],
        payment_method=json_data.payment_method,
        address=json_data.address_id,
    )
    try:
        order = deps(Deps).placing.place(request)
    except UnknownProducts as error:
        raise _unknown_products(request, error) from None
    except NotPriced as error:
        raise Problem(422, "not-priced", "Order not priced", str(error)) from None
    check_same_request(order.request, sent)
    view = _view(order)
    return view, 202, {"Location": view.links.self}


@api.get("")
@requires("orders:read")
@api.input(PageQuery, location="query", arg_name="page")
@api.output(OrderPage)
def list_orders(page: PageQuery) -> tuple[OrderPage, int, dict[str, str]]:
    """List the caller's orders, newest first."""
    position = page.position(2)
    after = (position[0], position[1]) if position else None
    found = deps(Deps).orders.page(current_subject().id, after, page.limit + 1)
    items, headers = page_of(found, page, lambda order: [order.placed_at, order.id])
    return OrderPage(items=[_view(order) for order in items]), 200, headers


@api.get("/<order_id>")
@requires("orders:read")
@api.output(OrderView)
def show_order(order_id: str) -> OrderView:
    """Show one of the caller's orders."""
    return _view(_own(order_id))


@api.post("/<order_id>/cancel")
@requires("orders:write")
@api.output(OrderView, status_code=202, description="It will be undone unless it is too late: look again at the order.")
@api.doc(responses=_CANCEL_ANSWERS)
def cancel_order(order_id: str) -> tuple[OrderView, int]:
    """Cancel one of the caller's orders. Safe to repeat: 202 until it is decided, then 200 or 409 says how."""
    order = _own(order_id)
    if order.status is Status.PENDING and not order.cancel_requested:
        try:
            order = deps(Deps).orders.request_cancel(order_id, deps(Deps).clock())
        except Concluded:
            order = _own(order_id)
    match order.status:
        case Status.PENDING:
            return _view(order), 202
        case Status.CANCELLED | Status.REJECTED:
            return _view(order), 200
        case _:
            detail = f"The order is {order.status}, and what was done for it is not undone by a cancel any more."
            raise Problem(409, "too-late", "Too late to cancel", detail)


def _own(order_id: str) -> Order:
    """That order, if it is the caller's; somebody else's is not found, as if there were none."""
    order = deps(Deps).orders.get(order_id)
    if order is None or order.user != current_subject().id:
        raise Problem(404, "order-not-found", "Order not found", f"You have no order {order_id!r}.")
    return order


def _unknown_products(request: OrderRequest, error: UnknownProducts) -> Problem:
    errors = [
        FieldError("body", f"/lines/{index}/sku", f"The shop does not sell {line.sku!r}.")
        for index, line in enumerate(request.lines)
        if line.sku in error.skus
    ]
    detail = f"The shop does not sell {', '.join(error.skus)}."
    return Problem(422, "unknown-products", "Unknown products", detail, errors)


def _view(order: Order) -> OrderView:
    return OrderView(
        id=order.id,
        status=order.status,
        reason=order.reason,
        cancel_requested=order.cancel_requested,
        lines=[LineView(sku=o.sku, quantity=o.quantity, unit_price=o.unit_price, total=o.total) for o in order.lines],
        total=order.total,
        payment_method=order.payment_method,
        address_id=order.address,
        placed_at=order.placed_at,
        saga=SagaView(name=saga_name(order.id), namespace=deps(Deps).namespace),
        links=LinksView(self=f"/v1/orders/{order.id}"),
    )
