"""All alarms of the operator in one heap, behind one call of the event loop."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Final

from saga_operator.engine.ports import Clock

SPARE: Final = 1024
"""Cancelled alarms that may lie in the heap before it is worth sweeping out."""


class Alarm:
    """One appointment; ``cancel`` forgets it."""

    __slots__ = ("action", "when")

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """It will not ring. Harmless when it already has."""
        self.action = None


class Timers:
    """Rings alarms at Unix times. A clock that jumps back only makes an alarm ring later, never twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Alarm]] = []
        self._sequence = 0
        self._sweep_at = SPARE
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, when: float, action: Callable[[], None]) -> Alarm:
        """Call ``action`` from the event loop at the Unix time ``when``, or as soon as possible when that is past."""
        alarm = Alarm(when, action)
        self._sequence += 1
        heapq.heappush(self._heap, (when, self._sequence, alarm))
        if len(self._heap) > self._sweep_at:
            self._sweep()
        if when < self._armed_for:
            self._arm()
        return alarm

    def close(self) -> None:
        """Forget every alarm."""
        self._heap.clear()
        self._arm()

    def _sweep(self) -> None:
        # An alarm is mostly cancelled (the reply came), and would else stay until its time, with what its action holds.
        self._heap = [entry for entry in self._heap if entry[2].action is not None]
        heapq.heapify(self._heap)
        self._sweep_at = 2 * len(self._heap) + SPARE

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._armed_for = self._heap[0][0] if self._heap else float("inf")
        if self._heap:
            delay = max(0.0, self._armed_for - self._clock.now())
            self._handle = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._handle = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            _, _, alarm = heapq.heappop(self._heap)
            action, alarm.action = alarm.action, None
            if action is not None:
                action()
        self._arm()
