"""Who may call what, in one list: a new route has to be written down here."""

from catalog.app import create_app
from catalog.grpc import CALLERS
from skald.auth import Public, access_rules
from skald.health import Readiness


def test_every_route_has_this_access_rule(settings, products):
    rules = access_rules(create_app(settings, products, Readiness(lambda: None)))
    assert rules == dict.fromkeys(
        [
            "GET /livez",
            "GET /openapi.json",
            "GET /readyz",
            "GET /v1/products",
            "GET /v1/products/<sku>",
            "GET /version",
        ],
        Public(),
    )


def test_only_orders_may_ask_for_quotes():
    assert CALLERS == ("orders",)
