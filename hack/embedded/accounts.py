"""The service accounts, and for which audiences each holds a token."""

from __future__ import annotations

from typing import Final

KUBERNETES: Final = "kubernetes"
"""File name of the token for the API server itself."""

AUDIENCES: Final[dict[str, tuple[str, ...]]] = {
    "saga-operator": (),
    "identity": (),
    "catalog": (),
    "orders": ("catalog",),
    "inventory": (),
    "payments": ("test-provider",),
    "test-provider": (),
    "shipping": (),
}
"""By account: the services that it calls. Every account has a token for the API server besides."""
