from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from shipping.app import API, create_app
from skald.auth import Public, Requires, access_rules, unguarded_routes
from skald.health import Readiness
from skald.openapi import render
from skald.settings import ServiceSettings
from skald.testing.issuer import TestIssuer
from skald.testing.messages import SagaStep

SETTINGS = ServiceSettings.from_env(
    {"SKALD_SERVICE": "shipping", "SKALD_NAMESPACE": "shop", "SKALD_METRICS_BIND": "127.0.0.1:0"}
)


@pytest.fixture(scope="module")
def issuer():
    return TestIssuer()


@pytest.fixture
def client(issuer, shipments):
    return create_app(SETTINGS, shipments, issuer.authenticator(), Readiness(lambda: None)).test_client()


@pytest.fixture
def order(shipping):
    """The id of an order of ada's that is on its way."""
    order = str(uuid4())
    lines = [{"sku": "drum", "quantity": 2}]
    body = {"orderId": order, "userId": "ada", "lines": lines, "addressId": "default"}
    shipping.answer(SagaStep("shipping", f"order-{order}", "dispatch").action("dispatch", body))
    return order


def test_every_route_of_the_api_asks_for_its_scope(issuer):
    app = create_app(SETTINGS, None, issuer.authenticator(), Readiness(lambda: None))
    rules = access_rules(app)
    assert unguarded_routes(app) == []
    assert rules["GET /v1/shipments/<order>"] == Requires(frozenset({"shipments:read"}))
    assert {rule for route, rule in rules.items() if "/v1/" not in route} == {Public()}


def test_a_customer_sees_the_own_shipment(client, issuer, order):
    answer = client.get(f"/v1/shipments/{order}", headers=issuer.bearer("ada", "shipments:read"))
    assert answer.status_code == 200
    shown = answer.json
    assert (shown["orderId"], shown["lines"]) == (order, [{"sku": "drum", "quantity": 2}])
    assert shown["trackingNumber"].startswith("SK")


def test_somebody_elses_shipment_is_as_unknown_as_none(client, issuer, order):
    strangers = client.get(f"/v1/shipments/{order}", headers=issuer.bearer("bob", "shipments:read"))
    nobodys = client.get(f"/v1/shipments/{uuid4()}", headers=issuer.bearer("ada", "shipments:read"))
    for answer in (strangers, nobodys):
        assert (answer.status_code, answer.json["type"]) == (404, "urn:skald:problem:shipment-not-found")


def test_without_token_or_scope_nothing_is_shown(client, issuer, order):
    assert client.get(f"/v1/shipments/{order}").status_code == 401
    assert client.get(f"/v1/shipments/{order}", headers=issuer.bearer("ada", "orders:read")).status_code == 403


def test_the_committed_openapi_document_is_the_codes():
    assert (Path(__file__).parents[1] / "openapi.json").read_text(encoding="utf-8") == render(API)
