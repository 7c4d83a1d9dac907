"""With an API server that fails for a while: a longer pause each time, and one sentence to the person."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import click

from kubectl_saga.errors import CliError
from kubectl_saga.kube.api import ApiError
from kubectl_saga.output import clean

_FIRST: Final = 0.5
_LONGEST: Final = 10.0
_WILL_PASS: Final = (HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS)
"""Refusals that say nothing against the request."""
Tell = Callable[[str], None]
"""Hears why nothing is heard of the sagas, and an empty text when they are heard of again."""


@dataclass
class Patience:
    """Of one who follows. Tests bring their own ``sleep`` and ``clock``."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _pause: float = _FIRST
    _told: bool = False

    def wait(self) -> None:
        """Twice as long as the last time."""
        self.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST)

    def explain(self, error: CliError, tell: Tell) -> None:
        """Say why it takes so long, once."""
        if not self._told:
            tell(clean(f"lost touch with the API server, trying again: {' '.join(error.message.split())}"))
        self._told = True

    def over(self) -> None:
        """It works again: the next pause is short, and the next failure is told."""
        self._pause, self._told = _FIRST, False


def will_pass(error: CliError) -> bool:
    """Whether the same request may succeed later. No answer at all, and one that nobody can read, are such failures."""
    return not isinstance(error, ApiError) or error.status in _WILL_PASS or error.status >= 500


def to_stderr(trouble: str) -> None:
    """For whoever reads line by line."""
    if trouble:
        click.echo(trouble, err=True)
