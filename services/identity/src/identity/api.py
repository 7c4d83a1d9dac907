"""HTTP in: tokens, the keys to check them with, and who one is."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from pydantic import BaseModel
from skald.app import deps
from skald.auth import current_subject, public, requires
from skald.schema import View

from identity.deps import Deps
from identity.domain import SCOPES
from identity.flows import AUTH_METHODS, SECRET_METHODS
from identity.oauth import GRANTS
from identity.signing_in import answer_form, show_form

__all__ = ["me", "oauth", "well_known"]

oauth = APIBlueprint("oauth", __name__, url_prefix="/oauth")
well_known = APIBlueprint("well-known", __name__, url_prefix="/.well-known")
me = APIBlueprint("me", __name__, url_prefix="/v1/me")


class TokenRequest(BaseModel):
    """The form of RFC 6749. Authlib reads and judges it; this only describes it."""

    grant_type: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None


class TokenAnswer(BaseModel):
    """An access token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None


class AboutToken(BaseModel):
    """The form of RFC 7009 and RFC 7662."""

    token: str | None = None
    token_type_hint: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class Introspected(BaseModel):
    """Whether a token is good, and what it grants (RFC 7662, section 2.2)."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    sub: str | None = None
    exp: int | None = None


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


@oauth.get("/authorize")
@public
@oauth.doc(summary="The page where a user signs in", description="RFC 6749, section 4.1.1, with PKCE by S256.")
def authorize() -> Response:
    """A browser is sent here by a client."""
    return show_form()


@oauth.post("/authorize")
@public
@oauth.doc(summary="A user signs in, or says no", responses={302: "Back to the client", 403: "The password is wrong"})
def sign_in() -> Response:
    """The browser comes back with the form."""
    return answer_form()


@oauth.post("/revoke")
@public
@oauth.input(AboutToken, location="form")
@oauth.doc(summary="End what a token follows from (RFC 7009)")
def revoke(**_: Any) -> Response:
    """The client identifies itself as at the token endpoint."""
    answer: Response = deps(Deps).server.create_endpoint_response("revocation")
    return answer


@oauth.post("/introspect")
@public
@oauth.input(AboutToken, location="form")
@oauth.output(Introspected)
@oauth.doc(summary="Ask whether a token is still good (RFC 7662)")
def introspect(**_: Any) -> Response:
    """Only for clients with a secret."""
    answer: Response = deps(Deps).server.create_endpoint_response("introspection")
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
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "introspection_endpoint": f"{issuer}/oauth/introspect",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": list(GRANTS),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
            "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
            "introspection_endpoint_auth_methods_supported": list(SECRET_METHODS),
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
