"""Composition root of the role web."""

from __future__ import annotations

import time

from apiflask import APIFlask
from skald.app import Api
from skald.app import create_app as create_skald_app
from skald.auth import Authenticator
from skald.clients.grpc import GrpcClient
from skald.gunicorn import serve
from skald.health import Readiness
from skald.mongo import connect, ping
from skald.servicetokens import ServiceToken
from skald.settings import ServiceSettings

from orders.api import Deps, api
from orders.placing import Placing
from orders.pricing import CatalogPricing
from orders.settings import OrdersWeb
from orders.store import Orders

__all__ = ["API", "create_app", "web"]

API = Api(title="Orders", package="orders", blueprints=(api,))


def create_app(settings: ServiceSettings, deps: Deps, authenticator: Authenticator, readiness: Readiness) -> APIFlask:
    """The HTTP application."""
    return create_skald_app(settings, API, deps=deps, authenticator=authenticator, readiness=readiness)


def web() -> None:
    """Serve HTTP until SIGTERM."""
    settings = OrdersWeb.from_env()

    def create() -> APIFlask:
        database = connect(settings)
        orders = Orders(database)
        catalog = GrpcClient("catalog", settings.catalog_target, token=ServiceToken(settings.tokens_dir, "catalog"))
        placing = Placing(orders, CatalogPricing(catalog), settings.saga_definition, time.time)
        readiness = Readiness(lambda: ping(database))
        deps = Deps(orders, placing, settings.namespace, time.time)
        return create_app(settings, deps, Authenticator.from_settings(settings), readiness)

    serve(create, settings)
