"""The virtual clock and all chance of one schedule, and the record of what happened."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Final

from saga_operator.simulator.shapes import BEGIN

Deed = Callable[[], None]
_AT_ONCE: Final = 1000
"""Deeds at one and the same moment that are taken for a loop."""


class Violation(AssertionError):
    """A property does not hold; the text says which, and of what."""


class Timeline:
    """Runs deeds in order of time. The seed decides everything, so the same seed gives the same record."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - schedules, not secrets
        self.now = BEGIN
        self.record: list[str] = []
        self._deeds: list[tuple[float, int, Deed]] = []
        self._number = 0
        self._at_once = 0

    def at(self, moment: float, deed: Deed) -> None:
        """Do it then."""
        self._number += 1
        heapq.heappush(self._deeds, (max(moment, self.now), self._number, deed))

    def after(self, least: float, most: float, deed: Deed) -> None:
        """Do it in a while."""
        self.at(self.now + self.chance.uniform(least, most), deed)

    def likely(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.chance.random() < probability

    def tell(self, what: str) -> None:
        """For whoever reads the schedule."""
        self.record.append(f"{self.now - BEGIN:10.3f} {what}")

    def step(self) -> bool:
        """Do the next deed. False: nothing is left to do. Raises Violation when time stands still."""
        if not self._deeds:
            return False
        moment, _, deed = heapq.heappop(self._deeds)
        self._at_once = self._at_once + 1 if moment == self.now else 0
        if self._at_once > _AT_ONCE:
            raise Violation("S7: an operator is woken at once again, without end")
        self.now = moment
        deed()
        return True
