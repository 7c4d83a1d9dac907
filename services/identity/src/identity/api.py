"""HTTP in: tokens, the keys to check them with, and who one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Response, jsonify
from pydantic import BaseModel
from skald.app import deps
from skald.auth import current_subject, public, requires
from skald.schema import View

from identity.domain import SCOPES
from identity.keyring import Keyring
from identity.oauth import AUTH_METHODS, GRANTS
from identity.store import Users

__all__ = ["Deps", "me", "oauth", "well_known"]

oauth = APIBlueprint("oauth", __name__, url_prefix="/oauth")
well_known = APIBlueprint("well-known", __name__, url_prefix="/.well-known")
me = APIBlueprint("me", __name__, url_prefix="/v1/me")


@dataclass(frozen=True, slots=True)
class Deps:
    """What the handlers work with."""

    server: AuthorizationServer
    keyring: Keyring
    users: Users
    issuer: str


class TokenRequest(BaseModel):
    """The form of RFC 6749. Authlib reads and judges it; this only describes it."""

    grant_type: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class TokenAnswer(BaseModel):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class MeView(View):
    """Whom the token speaks for."""

    id: str
    client_id: str
    scopes: list[str]
    email: str | None


@oauth.post("/token")
@public
@oauth.input(TokenRequest, location="form")
@oauth.output(TokenAnswer)
@oauth.doc(summary="Get an access token", description="Errors are those of RFC 6749, section 5.2.")
def token(**_: Any) -> Response:
    """The client shows its secret by HTTP Basic or in the form."""
    answer: Response = deps(Deps).server.create_token_response()
    return answer


@well_known.get("/jwks.json")
@public
@well_known.doc(summary="The keys that tokens are signed with")
def jwks() -> Response:
    """Public keys; the gateway and every service check tokens with them."""
    return _cached(deps(Deps).keyring.public())


@well_known.get("/oauth-authorization-server")
@public
@well_known.doc(summary="What this server can do (RFC 8414)")
def metadata() -> Response:
    """Addresses are the public ones, through the gateway."""
    issuer = deps(Deps).issuer
    return _cached(
        {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth/token",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": list(GRANTS),
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
            "scopes_supported": sorted(SCOPES),
        }
    )


@me.get("")
@requires()
@me.output(MeView)
@me.doc(summary="Who am I")
def show_me() -> MeView:
    """The user that the token speaks for, or the client itself."""
    subject = current_subject()
    user = deps(Deps).users.get(subject.id)
    return MeView(
        id=subject.id,
        client_id=subject.client_id,
        scopes=sorted(subject.scopes),
        email=user.email if user else None,
    )


def _cached(document: object) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
