"""identity as the gateway sees it: keys that it publishes, and tokens that it signs."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"


class Key:
    """One signing key, of the kind that identity's are."""

    def __init__(self) -> None:
        self.kid = uuid.uuid4().hex
        self._key = RSAKey.generate_key(2048, {"kid": self.kid, "use": "sig", "alg": ALGORITHM})

    @property
    def public(self) -> dict[str, Any]:
        return dict(self._key.as_dict(private=False))

    def token(self, *, kid: str | None = None, life: float = 600, **claims: Any) -> str:
        """A token like identity's; each is another one. ``life`` in seconds, negative when it is over."""
        now = int(time.time())
        body = {
            "iss": "http://gateway",
            "aud": "skald-api",
            "sub": "ada",
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": int(now + life),
        }
        body = {name: value for name, value in (body | claims).items() if value is not None}
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": kid or self.kid}
        return jwt.encode(header, body, self._key, algorithms=[ALGORITHM])


def unsigned() -> str:
    """Of algorithm ``none``."""
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": "ada", "exp": int(time.time()) + 600})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def key_set(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.public for key in keys]}
