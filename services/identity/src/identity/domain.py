"""Clients, users, and what a token may say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = ["SCOPES", "TOKEN_LIFE", "Client", "User", "access_claims", "granted", "may_return_to"]

TOKEN_LIFE: Final = 15 * 60
"""Seconds that an access token is good for."""

SCOPES: Final = {
    "orders:read": "See one's own orders",
    "orders:write": "Place orders",
    "payments:read": "See one's own payments and payment methods",
    "shipments:read": "See one's own shipments",
    "stock:read": "See the stock (staff)",
    "tokens:read": "See whether a token is still good (services that cannot check it themselves)",
}
"""All that there are, with what each allows."""


@dataclass(frozen=True, slots=True)
class User:
    """A person."""

    id: str
    email: str
    password_hash: str = ""
    """argon2id; empty for who cannot sign in."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask for tokens."""

    id: str
    secret_hash: str
    """argon2id; empty for a public client, which cannot keep a secret."""
    scopes: tuple[str, ...]
    """The most that its tokens may grant."""
    user_id: str | None = None
    """Whom the tokens speak for that it asks for in its own name; without a user it speaks for itself."""
    redirect_uris: tuple[str, ...] = ()
    """Where users may be sent back to. A client that has some signs users in; one that has none cannot."""

    @property
    def subject(self) -> str:
        """The ``sub`` of tokens that it asks for in its own name."""
        return self.user_id or self.id

    @property
    def public(self) -> bool:
        """Whether it proves itself by PKCE alone."""
        return not self.secret_hash

    @property
    def grant_types(self) -> frozenset[str]:
        """How it may get tokens."""
        own = frozenset() if self.public else frozenset({"client_credentials"})
        return own | ({"authorization_code", "refresh_token"} if self.redirect_uris else frozenset())


def granted(client: Client, requested: str | None) -> str | None:
    """The scopes of a token, of those requested (separated by spaces); None for one too many.

    Only who says nothing, None, asks for all: empty is what a user may have granted, and it stays empty.
    """
    wanted = set(client.scopes) if requested is None else set(requested.split())
    return " ".join(sorted(wanted)) if wanted <= set(client.scopes) else None


def may_return_to(client: Client, uri: str) -> bool:
    """Whether a user may be sent back there: as registered, but for the port of a loopback address (RFC 8252)."""
    return uri in client.redirect_uris or _without_loopback_port(uri) in client.redirect_uris


def _without_loopback_port(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return uri
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "::1") or port is None:
        return uri
    return parts._replace(netloc=parts.netloc.removesuffix(f":{port}")).geturl()


def access_claims(
    client: Client, subject: str, scope: str, *, issuer: str, audience: str, now: int, token_id: str
) -> dict[str, Any]:
    """The claims of an RFC 9068 access token, issued at ``now`` (Unix seconds)."""
    return {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "client_id": client.id,
        "scope": scope,
        "iat": now,
        "exp": now + TOKEN_LIFE,
        "jti": token_id,
    }
