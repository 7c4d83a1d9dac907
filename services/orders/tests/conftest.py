import uuid

import pytest
from orders.api import Deps
from orders.app import create_app
from orders.placing import Placing
from orders.pricing import CatalogPricing
from orders.settings import OrdersWeb
from orders.store import Orders
from skald.clients.grpc import GrpcClient
from skald.grpcserver import make_server
from skald.health import Readiness
from skald.mongo import connect
from skald.problems import Problem
from skald.servicetokens import ServiceToken
from skald.testing.issuer import TestIssuer
from skald_contracts.catalog.v1 import quotes_pb2, quotes_pb2_grpc


class Catalog(quotes_pb2_grpc.QuotesServicer):
    """Stands in for catalog behind its real gRPC contract, and counts how often it is asked."""

    def __init__(self):
        self.prices = {"harp": 129_900, "drum": 24_900}
        self.refusal = None
        self.asked = 0

    def GetQuote(self, request, context):
        self.asked += 1
        if self.refusal:
            raise Problem(422, "not-priced", "Basket not priced", self.refusal)
        if unknown := [line.sku for line in request.lines if line.sku not in self.prices]:
            return quotes_pb2.GetQuoteResponse(unknown_skus=unknown)
        lines = [self._priced(line) for line in request.lines]
        return quotes_pb2.GetQuoteResponse(lines=lines, total=eur(sum(line.total.amount for line in lines)))

    def _priced(self, line):
        price = eur(self.prices[line.sku])
        total = eur(price.amount * line.quantity)
        return quotes_pb2.PricedLine(sku=line.sku, quantity=line.quantity, unit_price=price, total=total)


def eur(amount):
    return quotes_pb2.Money(amount=amount, currency="EUR")


class Callers:
    """Believes any token to be that of the service it names."""

    def caller(self, token):
        return token


class Clock:
    """Unix seconds that stand still until told otherwise."""

    def __init__(self):
        self.now = 1_763_812_800.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="session")
def settings(parts):
    environment = {**parts.env("orders-web"), "SKALD_MONGODB_DATABASE": parts.new_database("orders")}
    return OrdersWeb.from_env(environment)


@pytest.fixture(scope="session")
def issuer():
    return TestIssuer()


@pytest.fixture
def orders(settings):
    orders = Orders(connect(settings))
    orders.ensure_indexes()
    return orders


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog()
    catalog.token = tmp_path / "catalog"
    catalog.token.write_text("orders")
    server, _ = make_server(
        lambda server: quotes_pb2_grpc.add_QuotesServicer_to_server(catalog, server), Callers(), ["orders"]
    )
    catalog.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    catalog.stop = lambda: server.stop(None).wait()
    server.start()
    yield catalog
    catalog.stop()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(settings, orders, catalog, clock, issuer):
    client = GrpcClient("catalog", catalog.address, token=ServiceToken(catalog.token.parent, catalog.token.name))
    placing = Placing(orders, CatalogPricing(client), "place-order-v1", clock)
    yield create_app(settings, Deps(orders, placing, "shop", clock), issuer.authenticator(), Readiness(lambda: None))
    client.close()


class Customer:
    """A user of the API, new in each test, so that tests may share a database."""

    def __init__(self, app, issuer, name):
        self.name = name
        self._client = app.test_client()
        self._headers = issuer.bearer(name, "orders:read orders:write")

    def place(self, body, key):
        return self._client.post("/v1/orders", json=body, headers={**self._headers, "Idempotency-Key": key})

    def cancel(self, order_id):
        return self._client.post(f"/v1/orders/{order_id}/cancel", headers=self._headers)

    def get(self, path):
        return self._client.get(path, headers=self._headers)


@pytest.fixture
def customer_of(app, issuer):
    return lambda: Customer(app, issuer, f"user-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def customer(customer_of):
    return customer_of()
