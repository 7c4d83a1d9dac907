"""Times as they are stored and sent: RFC 3339, UTC, always with milliseconds, so that they sort as text."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["rfc3339"]


def rfc3339(seconds: float) -> str:
    """Unix seconds as, for example, 2025-11-22T12:00:00.000Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
