"""Composition root of the test provider."""

from __future__ import annotations

from apiflask import APIFlask
from skald.app import Api
from skald.app import create_app as create_skald_app
from skald.gunicorn import serve
from skald.health import Readiness
from skald.mongo import connect, ping
from skald.servicetokens import Callers, CallerVerifier
from skald.settings import ServiceSettings

from test_provider.api import Provider, api
from test_provider.settings import ProviderSettings
from test_provider.store import Ledger

__all__ = ["API", "AUDIENCE", "create_app", "web"]

API = Api(title="Test provider", package="payments", blueprints=(api,))
AUDIENCE = "test-provider"
"""What a caller's token has to name."""


def create_app(settings: ServiceSettings, provider: Provider, callers: Callers, readiness: Readiness) -> APIFlask:
    """The HTTP application."""
    return create_skald_app(settings, API, deps=provider, callers=callers, readiness=readiness)


def web() -> None:
    """Serve HTTP until SIGTERM."""
    settings = ProviderSettings.from_env()

    def create() -> APIFlask:
        database = connect(settings)
        provider = Provider(Ledger(database), settings.slowness)
        return create_app(settings, provider, CallerVerifier(settings, AUDIENCE), Readiness(lambda: ping(database)))

    serve(create, settings)
