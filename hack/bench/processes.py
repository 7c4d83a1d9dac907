"""Programs that run for the length of a block."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

_GRACE: Final = 10
"""Seconds that a program may take to end. A server waits for its clients' connections otherwise."""


@contextlib.contextmanager
def process(command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A program with these additions to the environment; its pid. Its output goes to ``log``."""
    settings = {**os.environ, **(environment or {})}
    with log.open("w") as output, subprocess.Popen(command, env=settings, stdout=output, stderr=output) as running:
        try:
            yield running.pid
        finally:
            running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(_GRACE)
            running.kill()


def until(what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait. Raises TimeoutError that says for what."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds:g} s")
