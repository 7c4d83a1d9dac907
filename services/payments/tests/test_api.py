from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from payments.api import Stores
from payments.app import API, create_app
from payments.seed import METHODS
from payments.store import Payments
from skald.auth import Public, Requires, access_rules, unguarded_routes
from skald.health import Readiness
from skald.openapi import render
from skald.settings import ServiceSettings
from skald.testing.issuer import TestIssuer
from skald.testing.messages import SagaStep

SETTINGS = ServiceSettings.from_env(
    {"SKALD_SERVICE": "payments", "SKALD_NAMESPACE": "shop", "SKALD_METRICS_BIND": "127.0.0.1:0"}
)


@pytest.fixture(scope="module")
def issuer():
    return TestIssuer()


@pytest.fixture
def client(issuer, database, methods):
    stores = Stores(Payments(database), methods)
    return create_app(SETTINGS, stores, issuer.authenticator(), Readiness(lambda: None)).test_client()


@pytest.fixture
def order(payments):
    """The id of an order of ada's whose money is set aside."""
    order = str(uuid4())
    amount = {"amount": 24_900, "currency": "EUR"}
    body = {"orderId": order, "userId": "ada", "amount": amount, "method": "pm_approved"}
    payments.answer(SagaStep("payments", f"order-{order}", "authorize").action("authorize", body))
    return order


def test_every_route_of_the_api_asks_for_its_scope(issuer):
    app = create_app(SETTINGS, None, issuer.authenticator(), Readiness(lambda: None))
    rules = access_rules(app)
    assert unguarded_routes(app) == []
    assert {route for route, rule in rules.items() if rule == Requires(frozenset({"payments:read"}))} == {
        "GET /v1/payments/<order>",
        "GET /v1/payment-methods",
    }
    assert {rule for route, rule in rules.items() if "/v1/" not in route} == {Public()}


def test_a_customer_sees_the_own_payment(client, issuer, order):
    answer = client.get(f"/v1/payments/{order}", headers=issuer.bearer("ada", "payments:read"))
    assert answer.status_code == 200
    shown = answer.json
    assert (shown["orderId"], shown["status"], shown["method"]) == (order, "Authorized", "pm_approved")
    assert shown["amount"] == {"amount": 24_900, "currency": "EUR"}


def test_somebody_elses_payment_is_as_unknown_as_none(client, issuer, order):
    strangers = client.get(f"/v1/payments/{order}", headers=issuer.bearer("bob", "payments:read"))
    nobodys = client.get(f"/v1/payments/{uuid4()}", headers=issuer.bearer("ada", "payments:read"))
    for answer in (strangers, nobodys):
        assert (answer.status_code, answer.json["type"]) == (404, "urn:skald:problem:payment-not-found")


def test_a_customer_sees_the_own_methods_page_by_page_and_no_token_of_the_provider(client, issuer):
    customer = issuer.bearer("ada", "payments:read")
    first = client.get("/v1/payment-methods?limit=3", headers=customer)
    second = client.get(first.headers["Link"].split(">")[0].strip("<"), headers=customer)
    items = first.json["items"] + second.json["items"]
    assert [item["id"] for item in items] == ["pm_approved", "pm_declined", "pm_fails_2", "pm_slow"]
    assert {name for item in items for name in item} == {"id", "label"}


@pytest.mark.parametrize("path", ["/v1/payment-methods", f"/v1/payments/{uuid4()}"], ids=["methods", "payment"])
def test_without_token_or_scope_nothing_is_shown(client, issuer, path):
    assert client.get(path).status_code == 401
    assert client.get(path, headers=issuer.bearer("ada", "orders:read")).status_code == 403


def test_seeding_again_stores_nothing_twice(methods):
    assert list(methods.add(METHODS)) == ["pm_ok", "pm_flaky"]
    assert list(methods.add(METHODS)) == []


def test_the_committed_openapi_document_is_the_codes():
    assert (Path(__file__).parents[1] / "openapi.json").read_text(encoding="utf-8") == render(API)
