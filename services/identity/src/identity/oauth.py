"""OAuth 2.1: Authlib's server, told what our clients are and how our tokens look."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from joserfc import jwt

from identity import domain
from identity.hashing import NOBODY, matches
from identity.keyring import ALGORITHM, Keyring
from identity.store import Clients

__all__ = ["AUTH_METHODS", "GRANTS", "make_server"]

AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post")
GRANTS: Final = ("client_credentials",)


class _ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS


class _KnownClient(ClientMixin):  # type: ignore[misc]
    """A client as Authlib asks about it."""

    def __init__(self, client: domain.Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return domain.granted(self.client, scope or "")

    def check_client_secret(self, client_secret: str) -> bool:
        return matches(client_secret, self.client.secret_hash)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in AUTH_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANTS


def make_server(clients: Clients, keyring: Keyring, *, issuer: str, audience: str) -> AuthorizationServer:
    """The server behind ``/oauth/token``. Its tokens are not stored: they say all themselves (RFC 9068)."""

    def query_client(client_id: str) -> _KnownClient:
        # An unknown client fails like a wrong secret, and as slowly: nobody learns which clients exist.
        return _KnownClient(clients.get(client_id) or domain.Client(client_id, NOBODY, scopes=()))

    def sign(client: _KnownClient, scope: str, **_: Any) -> str:
        claims = domain.access_claims(
            client.client,
            scope,
            issuer=issuer,
            audience=audience,
            now=int(time.time()),
            token_id=secrets.token_urlsafe(16),
        )
        key = keyring.signing_key()
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key)

    server = AuthorizationServer(query_client=query_client, save_token=lambda _token, _request: None)
    server.load_config({})
    server.register_token_generator("default", BearerTokenGenerator(sign, expires_generator=domain.TOKEN_LIFE))
    server.register_grant(_ClientCredentials)
    return server
