"""Waits for what happens in another process or thread, without guessing how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["eventually"]

Found = TypeVar("Found")
PATIENCE: Final = 60.0
"""Seconds: a process that starts on a busy machine, and half of what a test may take."""


def eventually(what: str, probe: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """What ``probe`` gives once that is true. Raises AssertionError, which tells ``what`` and its last answer."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s; last seen: {found!r}")
        time.sleep(0.05)
