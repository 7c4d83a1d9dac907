"""Composition root of the role web."""

from __future__ import annotations

from apiflask import APIFlask
from skald.app import Api
from skald.app import create_app as create_skald_app
from skald.auth import Authenticator
from skald.gunicorn import serve
from skald.health import Readiness
from skald.mongo import connect, ping
from skald.settings import ServiceSettings

from inventory.api import api
from inventory.settings import InventoryWeb
from inventory.store import MongoShelf

__all__ = ["API", "create_app", "web"]

API = Api(title="Inventory", package="inventory", blueprints=(api,))


def create_app(
    settings: ServiceSettings, shelf: MongoShelf, authenticator: Authenticator, readiness: Readiness
) -> APIFlask:
    """The HTTP application."""
    return create_skald_app(settings, API, deps=shelf, authenticator=authenticator, readiness=readiness)


def web() -> None:
    """Serve HTTP until SIGTERM."""
    settings = InventoryWeb.from_env()

    def create() -> APIFlask:
        database = connect(settings)
        readiness = Readiness(lambda: ping(database))
        return create_app(settings, MongoShelf(database), Authenticator.from_settings(settings), readiness)

    serve(create, settings)
