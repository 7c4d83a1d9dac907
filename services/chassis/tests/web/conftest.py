"""One small service, as services are written: what the tests in this folder ask."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from apiflask import APIBlueprint
from flask.testing import FlaskClient
from pydantic import Field
from skald.app import Api, create_app, deps
from skald.auth import called_by, current_subject, public, requires
from skald.health import Readiness
from skald.idempotency import IdempotencyKey
from skald.mongo import StoreUnavailable
from skald.pagination import PageQuery, page_of
from skald.schema import Body, View
from skald.settings import ServiceSettings
from skald.testing.issuer import TestIssuer
from skald.tokens import InvalidToken


class Line(Body):
    sku: str
    quantity: int = Field(ge=1)


class NewOrder(Body):
    lines: list[Line] = Field(min_length=1)
    payment_method: str


class OrderView(View):
    id: str
    placed_by: str


class OrderPage(View):
    items: list[int]


@dataclass(frozen=True)
class Shop:
    numbers: list[int]


orders = APIBlueprint("orders", __name__, url_prefix="/v1/orders")


@orders.post("")
@requires("orders:write")
@orders.input(NewOrder)
@orders.input(IdempotencyKey, location="headers", arg_name="key")
@orders.output(OrderView, status_code=202)
def place(json_data, key):
    """Place an order."""
    return OrderView(id=key.document_id(current_subject().id), placed_by=current_subject().id)


@orders.get("")
@requires("orders:read")
@orders.input(PageQuery, location="query", arg_name="page")
@orders.output(OrderPage)
def list_orders(page):
    """List orders."""
    start = page.position(1)
    rest = [number for number in deps(Shop).numbers if start is None or number > int(start[0])]
    items, headers = page_of(rest[: page.limit + 1], page, lambda number: [str(number)])
    return OrderPage(items=items), 200, headers


@orders.get("/<order_id>")
@public
@orders.output(OrderView)
def show(order_id):
    """Show an order."""
    return OrderView(id=order_id, placed_by="ada")


@orders.post("/<order_id>/audit")
@called_by("payments")
def audit(order_id):
    """For payments only."""
    return {"order": order_id}


@orders.get("/broken")
@public
def broken():
    """Fails as nobody expected."""
    raise KeyError("the secret of the house")


@orders.get("/away")
@public
def away():
    """Fails as a database does that is away."""
    raise StoreUnavailable("no server")


API = Api("Orders", "orders", [orders])


class KnownCallers:
    """Takes the token for the caller's name."""

    def caller(self, token):
        if token == "forged":
            raise InvalidToken("its signature is wrong")
        return token


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def settings() -> ServiceSettings:
    return ServiceSettings.from_env(
        {"SKALD_SERVICE": "orders", "SKALD_NAMESPACE": "shop", "SKALD_METRICS_BIND": "127.0.0.1:0"}
    )


@pytest.fixture
def readiness() -> Readiness:
    return Readiness(lambda: None)


@pytest.fixture
def app(issuer, settings, readiness):
    return create_app(
        settings,
        API,
        deps=Shop(list(range(5))),
        readiness=readiness,
        authenticator=issuer.authenticator(),
        callers=KnownCallers(),
    )


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def good_order() -> dict:
    return {"lines": [{"sku": "harp", "quantity": 1}], "paymentMethod": "pm_ok"}


@pytest.fixture
def writer(issuer) -> dict:
    return {**issuer.bearer("ada", "orders:write orders:read"), "Idempotency-Key": "key-1"}
