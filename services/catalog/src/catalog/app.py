"""Composition root of the role web."""

from __future__ import annotations

from apiflask import APIFlask
from skald.app import Api
from skald.app import create_app as create_skald_app
from skald.gunicorn import serve
from skald.health import Readiness
from skald.mongo import connect, ping
from skald.settings import ServiceSettings

from catalog.api import api
from catalog.settings import CatalogWeb
from catalog.store import Products

__all__ = ["API", "create_app", "web"]

API = Api(title="Catalog", package="catalog", blueprints=(api,))


def create_app(settings: ServiceSettings, products: Products, readiness: Readiness) -> APIFlask:
    """The HTTP application."""
    return create_skald_app(settings, API, deps=products, readiness=readiness)


def web() -> None:
    """Serve HTTP until SIGTERM."""
    settings = CatalogWeb.from_env()

    def create() -> APIFlask:
        database = connect(settings)
        return create_app(settings, Products(database), Readiness(lambda: ping(database)))

    serve(create, settings)
