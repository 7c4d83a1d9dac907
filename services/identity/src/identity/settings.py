"""What each role of identity needs to know."""

from __future__ import annotations

from pydantic import SecretStr
from skald.settings import StoreSettings, WebSettings, env

__all__ = ["IdentityKeys", "IdentitySeed", "IdentityWeb"]


class IdentityWeb(WebSettings, StoreSettings):
    """Role web."""


class IdentityKeys(StoreSettings):
    """Roles that exchange the signing key."""


class IdentitySeed(StoreSettings):
    """Role seed."""

    demo_client_secret: SecretStr = env(
        "SKALD_DEMO_CLIENT_SECRET",
        "the secret of the clients demo and demo-staff, 16 characters or more",
        min_length=16,
    )
