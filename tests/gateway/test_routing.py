"""What is not listed in the file does not exist."""

from __future__ import annotations

import pytest

PUBLIC = [
    ("POST", "/oauth/token", "identity"),
    ("GET", "/.well-known/oauth-authorization-server", "identity"),
    ("GET", "/v1/products", "catalog"),
    ("GET", "/v1/products/harp", "catalog"),
]
PROTECTED = [
    ("GET", "/v1/me", "identity"),
    ("GET", "/v1/orders", "orders"),
    ("POST", "/v1/orders", "orders"),
    ("GET", "/v1/orders/4711", "orders"),
    ("GET", "/v1/stock", "inventory"),
    ("GET", "/v1/stock/harp", "inventory"),
    ("GET", "/v1/payments/4711", "payments"),
    ("GET", "/v1/payment-methods", "payments"),
    ("GET", "/v1/shipments/4711", "shipping"),
]
INTERNAL = [
    "/metrics",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/version",
    "/v1/ledger",
    "/stats",
    "/ready",
    "/config_dump",
]


@pytest.mark.parametrize(("method", "path", "service"), PUBLIC + PROTECTED)
def test_a_listed_path_reaches_its_service_as_it_was_sent(gateway, token, method, path, service):
    answer = gateway.ask(method, f"{path}?page=a%2Fb", token=token)
    assert answer.status == 200
    assert answer.json["upstream"] in [target.address for target in gateway.upstreams[f"{service}-web"]]
    assert answer.json["path"] == f"{path}?page=a%2Fb"
    assert answer.json["headers"]["host"] == f"127.0.0.1:{gateway.port}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v2/orders",
        "/v1/ordersx",
        "/.well-known/openid-configuration",
        "/v1/orders/",
        "/v1/orders/1/2",
        "/v1/productsx",
        "/oauth/token/x",
        "/oauth",
    ],
)
def test_an_unknown_path_is_404(gateway, token, path):
    answer = gateway.ask("GET", path, token=token)
    assert answer.status == 404
    assert answer.json["status"] == 404


@pytest.mark.parametrize("path", INTERNAL)
def test_what_is_internal_is_not_routed(gateway, token, path):
    assert gateway.ask("GET", path, token=token).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/products/../../metrics",
        "/v1/products/%2e%2e/%2e%2e/metrics",
        "/v1/products/..%2f..%2fmetrics",
        "/v1/products/..%5c..%5cmetrics",
        "//metrics",
        "/v1/products/../../../metrics",
    ],
)
def test_no_spelling_of_a_path_reaches_what_is_internal(gateway, path):
    answer = gateway.ask("GET", path)
    assert answer.status in (400, 404)
    assert not any("metrics" in request.path for request in gateway.target("catalog").seen())


@pytest.mark.parametrize("path", ["//v1//orders", "/v1/./orders", "/v1/products/../orders"])
def test_no_spelling_of_a_path_avoids_its_token(gateway, path):
    assert gateway.ask("GET", path).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/orders"),
        ("PUT", "/v1/orders/1"),
        ("GET", "/oauth/token"),
        ("POST", "/v1/stock"),
        ("TRACE", "/v1/products"),
    ],
)
def test_a_method_that_is_not_listed_is_refused_and_reaches_nobody(gateway, token, method, path):
    assert gateway.ask(method, path, token=token).status in (404, 405)
    assert not any(
        request.method == method
        for targets in gateway.upstreams.values()
        for target in targets
        for request in target.seen(path)
    )
