"""What can be asked about a token, and how what it follows from is ended: RFC 7662 and RFC 7009 in Authlib's words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from identity.flows import AUTH_METHODS, SECRET_METHODS
from identity.grants import Grant
from identity.keyring import ALGORITHM

__all__ = ["INTROSPECTS", "Introspection", "Known", "Revocation"]

INTROSPECTS = "tokens:read"
"""The scope of clients that may ask about others' tokens."""


@dataclass(frozen=True, slots=True)
class Known:
    """A token that we issued, as Authlib asks about it."""

    claims: Mapping[str, Any]
    grant: Grant | None
    """What it follows from; None for a client's own."""
    live: bool

    def check_client(self, client: Any) -> bool:
        """Whether it was issued to this client."""
        return bool(client.get_client_id() == self.claims["client_id"])

    def is_expired(self) -> bool:
        """Whether its time, or that of what it follows from, is over."""
        return not self.live

    def is_revoked(self) -> bool:
        """Whether it was ended by hand, or by its own reuse."""
        return self.grant is not None and self.grant.revoked


def _known(server: Any, token: str) -> Known | None:
    """Our token, access or refresh; None for any other."""
    now = int(time.time())
    found = server.granted.of_token(token)
    if found:
        grant, turn = found
        claims = {"client_id": grant.client_id, "sub": grant.user_id, "scope": grant.scope, "exp": grant.ends}
        return Known(claims, grant, live=turn == grant.turn > 0 and grant.is_live(now))
    try:
        claims = jwt.decode(token, KeySet.import_key_set(server.keyring.public()), algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError):
        return None
    grant = server.granted.get(claims["sid"]) if "sid" in claims else None
    return Known(claims, grant, live=claims["exp"] > now and (grant is not None or "sid" not in claims))


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Ends what a token follows from: no refresh any more. An access token lives on for its minutes, as it is."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, _hint: str | None) -> Known | None:
        """The token, whatever the hint says."""
        return _known(self.server, token_string)

    def revoke_token(self, token: Known, _request: Any) -> None:
        """A client's own access token follows from nothing that could be ended."""
        if token.grant is not None:
            self.server.granted.revoke(token.grant.id)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Says whether a token is still good: to whom it was issued, and to clients that have the scope for it."""

    CLIENT_AUTH_METHODS = SECRET_METHODS

    def query_token(self, token_string: str, _hint: str | None) -> Known | None:
        """The token, whatever the hint says."""
        return _known(self.server, token_string)

    def check_permission(self, token: Known, client: Any, _request: Any) -> bool:
        """Whether this client may know."""
        return token.check_client(client) or INTROSPECTS in client.client.scopes

    def introspect_token(self, token: Known) -> dict[str, Any]:
        """What it grants."""
        told = ("client_id", "sub", "scope", "exp", "iat", "iss", "aud", "jti")
        return {"active": True, **{name: token.claims[name] for name in told if name in token.claims}}
