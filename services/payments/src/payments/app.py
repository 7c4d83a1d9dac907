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

from payments.api import Stores, api
from payments.settings import PaymentsWeb
from payments.store import Methods, Payments

__all__ = ["API", "create_app", "web"]

API = Api(title="Payments", package="payments", blueprints=(api,))


def create_app(
    settings: ServiceSettings, stores: Stores, authenticator: Authenticator, readiness: Readiness
) -> APIFlask:
    """The HTTP application."""
    return create_skald_app(settings, API, deps=stores, authenticator=authenticator, readiness=readiness)


def web() -> None:
    """Serve HTTP until SIGTERM."""
    settings = PaymentsWeb.from_env()

    def create() -> APIFlask:
        database = connect(settings)
        stores = Stores(Payments(database), Methods(database))
        readiness = Readiness(lambda: ping(database))
        return create_app(settings, stores, Authenticator.from_settings(settings), readiness)

    serve(create, settings)
