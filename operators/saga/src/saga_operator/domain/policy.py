"""When a command is sent again. Pure: chance comes in as a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_SPREAD = 0.1
"""Part of the longest interval by which sagas that stalled together spread out."""
_FIRST_UNSENT: Final = 1.0
"""Seconds that are let pass, at the longest, after a first publish that reached no queue; they double each time."""
LONGEST_UNSENT: Final = 30.0
"""What they double up to: as long as a participant's new queue may wait for what a hasty policy holds ready."""
_DOUBLINGS: Final = 5


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry policy with its defaults applied. Times in seconds."""

    initial: float
    coefficient: float
    maximum: float
    attempts: int | None
    """How many Failed answers give up; None: never."""
    final_codes: frozenset[str]
    """Error codes, as they are kept, after which another attempt would be pointless (nonRetryableErrors)."""

    def interval(self, attempt: int) -> float:
        """The longest wait after the given attempt (1, 2, ...)."""
        if self.coefficient == 1:
            return self.initial
        return self.maximum if attempt >= self.patience else self.initial * self.coefficient ** (attempt - 1)

    def delay(self, attempt: int, jitter: float) -> float:
        """The wait after the given attempt: full jitter, so that many sagas that failed together spread out."""
        return self.interval(max(attempt, 1)) * jitter

    def delay_unsent(self, unsent: int, jitter: float) -> float:
        """The wait after so many publishes in a row that reached no queue.

        A policy is about what a participant answers, and may be hasty. Where nobody answers, haste helps nobody, and
        costs the operator and the broker that comes back.
        """
        floor = min(_FIRST_UNSENT * 2.0 ** min(unsent - 1, _DOUBLINGS), LONGEST_UNSENT)
        return max(self.delay(unsent, jitter), floor * (1 + jitter) / 2)

    def pace(self, jitter: float) -> float:
        """The wait once trying alone does not seem to help: never shorter than the longest interval."""
        return self.interval(self.patience) * (1 + _SPREAD * jitter)

    @property
    def patience(self) -> int:
        """The attempt after which the interval grows no more: from there on a failure counts as a stall."""
        if self.coefficient == 1 or self.maximum <= self.initial:
            return 1
        return 1 + math.ceil(math.log(self.maximum / self.initial) / math.log(self.coefficient))

    def exhausted(self, failures: int, code: str) -> bool:
        """Whether this many Failed answers, the last with this code, mean that no further attempt is made."""
        return code in self.final_codes or (self.attempts is not None and failures >= self.attempts)

    def longest(self, timeout: float) -> float:
        """Seconds from the first send to the last answer if every attempt takes its timeout and every wait is full."""
        attempts = self.attempts or 1
        return attempts * timeout + sum(self.interval(attempt) for attempt in range(1, attempts))
