"""OAuth 2.1: Authlib's server, told what our clients are and how our tokens look."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2.base import invalid_error_characters
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.authenticate_client import authenticate_client_secret_basic
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from joserfc import jwt

from identity import domain
from identity.endings import Introspection, Revocation
from identity.flows import (
    SECRET_METHODS,
    AuthorizationCode,
    ClientCredentials,
    Iss,
    Pkce,
    RefreshToken,
    SignedIn,
)
from identity.hashing import NOBODY, matches
from identity.keyring import ALGORITHM, Keyring
from identity.store import Clients, Grants, Users

__all__ = ["GRANTS", "Server"]

GRANTS: Final = ("authorization_code", "client_credentials", "refresh_token")


class _KnownClient(ClientMixin):  # type: ignore[misc]
    """A client as Authlib asks about it."""

    def __init__(self, client: domain.Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return domain.granted(self.client, scope)

    def get_default_redirect_uri(self) -> None:
        """None: the client has to say it each time."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return domain.may_return_to(self.client, redirect_uri)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_client_secret(self, client_secret: str) -> bool:
        return not self.client.public and matches(client_secret, self.client.secret_hash)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "none" if self.client.public else method in SECRET_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grant_types


class _Payload(FlaskOAuth2Payload):  # type: ignore[misc]
    """What a client sent."""

    @property
    def scope(self) -> str | None:
        """None where it is blank, too: one that is sent without a value counts as not sent (RFC 6749, section 3.1)."""
        scope: str = super().scope or ""
        return scope if scope.split() else None

    @property
    def response_type(self) -> str | None:
        """None for one that Authlib could not repeat in its refusal."""
        asked: str | None = super().response_type
        return None if asked and invalid_error_characters(asked) else asked


class _BehindGateway(FlaskOAuth2Request):  # type: ignore[misc]
    """A request from the gateway, where TLS ends: Authlib refuses plain HTTP unless it is asked at localhost.

    It is told our own address: the one that the request names is whatever its sender made up.
    """

    def __init__(self, request: flask.Request, issuer: str) -> None:
        url = f"https:{issuer.partition(':')[2]}{request.full_path}"
        OAuth2Request.__init__(self, request.method, url, headers=request.headers)
        self._request = request
        self.payload = _Payload(request)


def _by_basic(find_client: Callable[[str], _KnownClient], request: OAuth2Request) -> _KnownClient | None:
    """Authlib's, which fails over a header that is no text."""
    try:
        extract_basic_authorization(request.headers)
    except ValueError:
        return None
    client: _KnownClient | None = authenticate_client_secret_basic(find_client, request)
    return client


class Server(AuthorizationServer):  # type: ignore[misc]
    """The server behind ``/oauth``. Access tokens are not stored: they say all themselves (RFC 9068)."""

    def __init__(
        self, clients: Clients, users: Users, granted: Grants, keyring: Keyring, *, issuer: str, audience: str
    ) -> None:
        super().__init__(query_client=self._find_client, save_token=lambda _token, _request: None)
        self.users = users
        self.granted = granted
        self.keyring = keyring
        self._clients = clients
        self._issuer = issuer
        self._audience = audience
        self.load_config({})
        self.register_client_auth_method("client_secret_basic", _by_basic)
        self.register_token_generator("default", BearerTokenGenerator(self._sign, expires_generator=domain.TOKEN_LIFE))
        self.register_grant(ClientCredentials)
        self.register_grant(AuthorizationCode, [Pkce(required=True)])
        self.register_grant(RefreshToken)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)
        self.register_extension(Iss(issuer))

    def create_oauth2_request(self, _: object) -> OAuth2Request:
        """The request at hand."""
        return _BehindGateway(flask.request, self._issuer)

    def _find_client(self, client_id: str) -> _KnownClient:
        # An unknown client fails like a wrong secret, and as slowly: nobody learns which clients exist.
        return _KnownClient(self._clients.get(client_id) or domain.Client(client_id, NOBODY, scopes=()))

    def _sign(self, client: _KnownClient, scope: str, user: SignedIn | None = None, **_: Any) -> str:
        claims = domain.access_claims(
            client.client,
            user.user_id if user else client.client.subject,
            scope,
            issuer=self._issuer,
            audience=self._audience,
            now=int(time.time()),
            token_id=secrets.token_urlsafe(16),
        )
        if user:
            claims["sid"] = user.grant_id
        key = self.keyring.signing_key()
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key)
