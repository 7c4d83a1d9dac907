"""How long the caller still waits: set once per request, passed on with every call that the request causes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from skald.moments import rfc3339

__all__ = ["BUDGET", "HEADER", "deadline_header", "deadline_scope", "parse_deadline", "remaining", "shorten_deadline"]

HEADER: Final = "X-Request-Deadline"
"""RFC 3339 instant after which the caller no longer waits."""
BUDGET: Final = 10.0
"""Seconds that a request may take at most, and takes when its caller names no deadline: the gateway gives up then."""

_deadline: ContextVar[float | None] = ContextVar("skald_deadline", default=None)


def parse_deadline(text: str) -> float:
    """The header's instant as seconds from now, at most BUDGET; negative when it has passed. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return min((instant - datetime.now(UTC)).total_seconds(), BUDGET)


@contextmanager
def deadline_scope(seconds: float) -> Iterator[None]:
    """Whatever is called inside has ``seconds`` from now."""
    scope = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(scope)


def shorten_deadline(seconds: float) -> None:
    """Within a ``deadline_scope``: the caller turns out to wait only ``seconds`` from now."""
    _deadline.set(time.monotonic() + seconds)


def remaining() -> float | None:
    """Seconds until the deadline at hand, negative when it has passed; None outside any request."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def deadline_header(seconds: float) -> str:
    """The header's value for a call that may take ``seconds`` from now."""
    return rfc3339(time.time() + seconds)
