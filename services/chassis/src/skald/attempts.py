"""When to read and write again: after a lost compare-and-swap, and after a write whose outcome is unknown."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from skald.effects import Contended
from skald.mongo import StoreInterrupted

__all__ = ["LostRace", "until_settled"]

T = TypeVar("T")
_RACES: Final = 30
_INTERRUPTIONS: Final = 3
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.1


class LostRace(Exception):
    """A compare-and-swap found another revision than the one that was read."""


def until_settled(attempt: Callable[[], T]) -> T:
    """Call ``attempt``, which reads and writes afresh each time, until it neither loses a race nor is interrupted.

    Raises Contended after thirty lost races, StoreInterrupted after three interruptions.
    """
    races = interruptions = 0
    while True:
        try:
            return attempt()
        except LostRace:
            races += 1
            if races == _RACES:
                raise Contended(f"lost {races} races in a row for one document") from None
        except StoreInterrupted:
            interruptions += 1
            if interruptions == _INTERRUPTIONS:
                raise
        pause = min(_FIRST_PAUSE * 2 ** (races + interruptions), _LONGEST_PAUSE)
        time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter is no secret
