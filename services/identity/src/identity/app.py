"""The web role, put together."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
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
    users, grants = Users(database), Grants(database)
    server = Server(Clients(database), users, grants, keyring, issuer=issuer, audience=settings.audience)
    return create_app(
        settings,
        API,
        deps=Deps(server, keyring, users, issuer),
        readiness=Readiness(_check(database, grants)),
        authenticator=Authenticator(Issuer(lambda: Published(issuer, keyring.public())), settings.audience),
    )


def _check(database: Database[Document], grants: Grants) -> Callable[[], None]:
    """Whether the database answers. The first one that it answers makes the index: before that it may be away."""
    ensure_index = cache(grants.ensure_index)  # which keeps no exception: what failed is tried again

    def check() -> None:
        ensure_index()
        ping(database)

    return check


def web() -> None:
    """Role web."""
    settings = IdentityWeb.from_env()
    serve(lambda: make_app(settings, connect(settings)), settings)
