"""Payments and payment methods over HTTP: users see their own."""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIBlueprint
from skald.app import deps
from skald.auth import current_subject, requires
from skald.money import Money
from skald.pagination import PageQuery, page_of
from skald.problems import Problem
from skald.schema import View

from payments.domain import Payment, PaymentMethod, Status
from payments.store import Methods, Payments

__all__ = ["Stores", "api"]

api = APIBlueprint("payments", __name__, url_prefix="/v1", tag="Payments")


@dataclass(frozen=True, slots=True)
class Stores:
    """What the handlers need."""

    payments: Payments
    methods: Methods


class PaymentView(View):
    """What is known of an order's money."""

    id: str
    order_id: str
    status: Status
    amount: Money
    method: str


class MethodView(View):
    """How you can pay: put the id into an order."""

    id: str
    label: str


class MethodPage(View):
    """Some of your payment methods; the Link header leads to the next ones."""

    items: list[MethodView]


@api.get("/payments/<order>")
@requires("payments:read")
@api.output(PaymentView)
def show_payment(order: str) -> PaymentView:
    """Show the payment of one of your orders."""
    payment = deps(Stores).payments.of_order(order, current_subject().id)
    if payment is None:
        raise Problem(404, "payment-not-found", "Payment not found", f"You have no payment for order {order!r}.")
    return _payment(payment)


@api.get("/payment-methods")
@requires("payments:read")
@api.input(PageQuery, location="query", arg_name="page")
@api.output(MethodPage)
def list_methods(page: PageQuery) -> tuple[MethodPage, int, dict[str, str]]:
    """List your payment methods, by id."""
    after = page.position(1)
    found = deps(Stores).methods.page(current_subject().id, after[0] if after else None, page.limit + 1)
    items, headers = page_of(found, page, lambda method: [method.id])
    return MethodPage(items=[_method(method) for method in items]), 200, headers


def _payment(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        order_id=payment.order,
        status=payment.status,
        amount=payment.money,
        method=payment.method,
    )


def _method(method: PaymentMethod) -> MethodView:
    return MethodView(id=method.id, label=method.label)
