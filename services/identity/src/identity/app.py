"""The web role, put together."""

from __future__ import annotations

from typing import Final

from apiflask import APIFlask
from pymongo.database import Database
from skald.app import Api, create_app
from skald.auth import Authenticator
from skald.gunicorn import serve
from skald.health import Readiness
from skald.mongo import Document, connect, ping
from skald.tokens import Issuer, Published

from identity import api
from identity.deps import Deps
from identity.keyring import Keyring
from identity.oauth import Server
from identity.settings import IdentityWeb
from identity.store import Clients, Grants, Users

__all__ = ["API", "make_app", "web"]

API: Final = Api("Identity", "identity", [api.oauth, api.well_known, api.me])


def make_app(settings: IdentityWeb, database: Database[Document]) -> APIFlask:
    """The application over a database. It checks its own tokens with its own keys, without a detour over HTTP."""
    issuer = settings.issuer
    keyring = Keyring(database)
    server = Server(Clients(database), Grants(database), keyring, issuer=issuer, audience=settings.audience)
    return create_app(
        settings,
        API,
        deps=Deps(server, keyring, Users(database), issuer),
        readiness=Readiness(lambda: ping(database)),
        authenticator=Authenticator(Issuer(lambda: Published(issuer, keyring.public())), settings.audience),
    )


def web() -> None:
    """Role web."""
    settings = IdentityWeb.from_env()
    serve(lambda: make_app(settings, connect(settings)), settings)
