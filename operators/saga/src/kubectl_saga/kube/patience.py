"""With an API server that fails for a while: a longer pause each time, and one sentence to the person."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import click

from kubectl_saga.errors import CliError
from kubectl_saga.kube.api import ApiError, NoAnswer
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
    _told: str = ""
    _printed: str = ""

    def wait(self) -> None:
        """Twice as long as the last time."""
        self.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST)

    def explain(self, error: CliError, tell: Tell) -> None:
        """Say why it takes so long, and again when the reason is another."""
        trouble = clean(f"lost touch with the API server, trying again: {' '.join(error.message.split())}")
        if trouble != self._told:
            tell(trouble)
        self._told = trouble

    def heard(self, tell: Tell) -> None:
        """The sagas were heard of: that they are not is taken back, and said anew when it is so again."""
        if self._told:
            tell("")
        self._told = ""

    def over(self) -> None:
        """It goes on working: the next pause is short, and the next failure is printed."""
        self._pause, self._printed = _FIRST, ""

    def to_stderr(self, trouble: str) -> None:
        """For whoever reads line by line: not again for a moment's success in between."""
        if trouble and trouble != self._printed:
            click.echo(trouble, err=True)
            self._printed = trouble


def will_pass(error: CliError) -> bool:
    """Whether the same request may succeed later. What fails on this side of the connection needs the person first."""
    if isinstance(error, ApiError):
        return error.status in _WILL_PASS or error.status >= 500
    return isinstance(error, NoAnswer)
