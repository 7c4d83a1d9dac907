"""An issuer for tests: signs tokens as identity and Kubernetes do, or as an attacker would."""

from __future__ import annotations

import secrets
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySetSerialization

from skald.auth import Authenticator
from skald.tokens import Issuer, Published

__all__ = ["ISSUER", "TestIssuer"]

ISSUER = "https://shop.example"


class TestIssuer:
    """Knows one key at a time; ``rotate`` makes another. ES256, because such keys are made in no time."""

    __test__ = False

    def __init__(self, name: str = ISSUER) -> None:
        self.name = name
        self.key = ECKey.generate_key("P-256", auto_kid=True)

    def rotate(self) -> None:
        """From now on signs with a new key, and publishes only that one."""
        self.key = ECKey.generate_key("P-256", auto_kid=True)

    def jwks(self) -> KeySetSerialization:
        """What it publishes."""
        return {"keys": [self.key.as_dict(private=False)]}

    def published(self) -> Published:
        """What ``Issuer`` fetches."""
        return Published(self.name, self.jwks())

    def authenticator(self, audience: str = "skald-api") -> Authenticator:
        """Trusts this issuer."""
        return Authenticator(Issuer(self.published), audience)

    def token(
        self, subject: str = "ada", scope: str = "", *, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A user's access token. ``header`` and ``claims`` are added or put in place; a claim of None is left out."""
        now = int(time.time())
        content: dict[str, Any] = {
            "iss": self.name,
            "aud": "skald-api",
            "sub": subject,
            "client_id": "demo",
            "scope": scope,
            "iat": now,
            "exp": now + 900,
            "jti": secrets.token_hex(8),
            **claims,
        }
        kept = {name: value for name, value in content.items() if value is not None}
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid, **(header or {})}, kept, self.key)

    def bearer(self, subject: str = "ada", scope: str = "") -> dict[str, str]:
        """The header that carries such a token."""
        return {"Authorization": f"Bearer {self.token(subject, scope)}"}
