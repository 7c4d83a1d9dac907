"""What the test provider needs to know."""

from __future__ import annotations

from skald.settings import HttpSettings, StoreSettings, env

__all__ = ["ProviderSettings"]


class ProviderSettings(HttpSettings, StoreSettings):
    """Its only role."""

    slowness: float = env("SKALD_PROVIDER_SLOWNESS", "the seconds that the slow card takes", 2.0, ge=0, le=60)
