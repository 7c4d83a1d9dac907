"""Clients, users, and what a token may say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["SCOPES", "TOKEN_LIFE", "Client", "User", "access_claims", "granted"]

TOKEN_LIFE: Final = 15 * 60
"""Seconds that an access token is good for."""

SCOPES: Final = {
    "orders:read": "See one's own orders",
    "orders:write": "Place orders",
    "payments:read": "See one's own payments and payment methods",
    "shipments:read": "See one's own shipments",
    "stock:read": "See the stock (staff)",
}
"""All that there are, with what each allows."""


@dataclass(frozen=True, slots=True)
class User:
    """A person."""

    id: str
    email: str


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask for tokens."""

    id: str
    secret_hash: str
    scopes: tuple[str, ...]
    """The most that its tokens may grant."""
    user_id: str | None = None
    """Whom its tokens speak for; a client without a user speaks for itself."""

    @property
    def subject(self) -> str:
        """The ``sub`` of its tokens."""
        return self.user_id or self.id


def granted(client: Client, requested: str) -> str | None:
    """The scopes of a token, of those requested (separated by spaces; empty asks for all); None for one too many."""
    wanted = set(requested.split()) or set(client.scopes)
    return " ".join(sorted(wanted)) if wanted <= set(client.scopes) else None


def access_claims(client: Client, scope: str, *, issuer: str, audience: str, now: int, token_id: str) -> dict[str, Any]:
    """The claims of an RFC 9068 access token, issued at ``now`` (Unix seconds)."""
    return {
        "iss": issuer,
        "aud": audience,
        "sub": client.subject,
        "client_id": client.id,
        "scope": scope,
        "iat": now,
        "exp": now + TOKEN_LIFE,
        "jti": token_id,
    }
