"""Who may call what, in one list: a new route has to be written down here."""

import pytest
from skald.auth import Public, Requires, access_rules

READ, WRITE = Requires(frozenset({"orders:read"})), Requires(frozenset({"orders:write"}))


def test_every_route_has_this_access_rule(app):
    operations = dict.fromkeys(["GET /livez", "GET /openapi.json", "GET /readyz", "GET /version"], Public())
    assert access_rules(app) == {
        **operations,
        "GET /v1/orders": READ,
        "GET /v1/orders/<order_id>": READ,
        "POST /v1/orders": WRITE,
        "POST /v1/orders/<order_id>/cancel": WRITE,
    }


@pytest.mark.parametrize(
    ("method", "path", "enough", "other"),
    [
        ("GET", "/v1/orders", "orders:read", "orders:write"),
        ("GET", "/v1/orders/4711", "orders:read", "orders:write"),
        ("POST", "/v1/orders", "orders:write", "orders:read"),
        ("POST", "/v1/orders/4711/cancel", "orders:write", "orders:read"),
    ],
)
def test_a_route_asks_for_its_scope(app, issuer, method, path, enough, other):
    def status(headers):
        return app.test_client().open(path, method=method, headers=headers, json={}).status_code

    assert status({}) == 401
    assert status(issuer.bearer("ada", other)) == 403
    assert status(issuer.bearer("ada", enough)) not in (401, 403)
