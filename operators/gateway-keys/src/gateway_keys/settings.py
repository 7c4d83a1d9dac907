"""What this program reads from its environment."""

from __future__ import annotations

from pathlib import Path

from skald.settings import ServiceSettings, env

__all__ = ["GatewayKeysSettings"]


class GatewayKeysSettings(ServiceSettings):
    """Where the file, the keys and the node are."""

    kong_file: Path = env("SKALD_KONG_FILE", "the mounted gateway file, for example /kong/kong.yaml")
    kong_admin: str = env("SKALD_KONG_ADMIN", "URL of the node's own admin API", pattern="^http://.*[^/]$")
    jwks_url: str = env("SKALD_JWKS_URL", "the internal URL of the issuer's signing keys", pattern="^https?://")
