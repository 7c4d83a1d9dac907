"""Which code is running."""

from __future__ import annotations

from importlib import metadata

__all__ = ["version"]


def version(package: str) -> str:
    """The version of an installed package, as its pyproject.toml says."""
    return metadata.version(package)
