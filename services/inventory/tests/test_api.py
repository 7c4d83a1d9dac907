from __future__ import annotations

from pathlib import Path

import pytest
from inventory.app import API, create_app
from skald.auth import Public, Requires, access_rules, unguarded_routes
from skald.health import Readiness
from skald.openapi import render
from skald.settings import ServiceSettings
from skald.testing.issuer import TestIssuer

SETTINGS = ServiceSettings.from_env(
    {"SKALD_SERVICE": "inventory", "SKALD_NAMESPACE": "shop", "SKALD_METRICS_BIND": "127.0.0.1:0"}
)


@pytest.fixture(scope="module")
def issuer():
    return TestIssuer()


@pytest.fixture
def client(issuer, stocked):
    return create_app(SETTINGS, stocked, issuer.authenticator(), Readiness(lambda: None)).test_client()


def test_every_route_of_the_api_asks_for_the_staffs_scope(issuer):
    app = create_app(SETTINGS, None, issuer.authenticator(), Readiness(lambda: None))
    rules = access_rules(app)
    assert unguarded_routes(app) == []
    assert {route for route, rule in rules.items() if rule == Requires(frozenset({"stock:read"}))} == {
        "GET /v1/stock",
        "GET /v1/stock/<sku>",
    }
    assert {rule for route, rule in rules.items() if "/v1/" not in route} == {Public()}


def test_stock_is_shown_with_all_its_parts(client, issuer):
    answer = client.get("/v1/stock/drum", headers=issuer.bearer("sam", "stock:read"))
    assert (answer.status_code, answer.json) == (
        200,
        {"sku": "drum", "initial": 5, "available": 5, "held": 0, "sold": 0},
    )


def test_the_list_goes_page_by_page(client, issuer):
    staff = issuer.bearer("sam", "stock:read")
    first = client.get("/v1/stock?limit=1", headers=staff)
    second = client.get(first.headers["Link"].split(">")[0].strip("<"), headers=staff)
    assert [item["sku"] for item in first.json["items"] + second.json["items"]] == ["drum", "harp"]
    assert "Link" not in second.headers


def test_an_unknown_sku_is_not_found(client, issuer):
    answer = client.get("/v1/stock/zither", headers=issuer.bearer("sam", "stock:read"))
    assert (answer.status_code, answer.json["type"]) == (404, "urn:skald:problem:sku-not-found")


@pytest.mark.parametrize("path", ["/v1/stock", "/v1/stock/drum"])
def test_customers_and_strangers_see_no_stock(client, issuer, path):
    assert client.get(path).status_code == 401
    assert client.get(path, headers=issuer.bearer("ada", "orders:read payments:read")).status_code == 403


def test_unknown_query_names_are_refused(client, issuer):
    answer = client.get("/v1/stock?colour=red", headers=issuer.bearer("sam", "stock:read"))
    assert answer.status_code == 422


def test_the_committed_openapi_document_is_the_codes():
    assert (Path(__file__).parents[1] / "openapi.json").read_text(encoding="utf-8") == render(API)
