"""What each role of catalog needs to know."""

from __future__ import annotations

from skald.settings import GrpcSettings, HttpSettings, StoreSettings

__all__ = ["CatalogGrpc", "CatalogSeed", "CatalogWeb"]


class CatalogWeb(HttpSettings, StoreSettings):
    """Role web. Anybody may look at products, so it needs no issuer of tokens."""


class CatalogGrpc(GrpcSettings, StoreSettings):
    """Role grpc."""


class CatalogSeed(StoreSettings):
    """Role seed."""
