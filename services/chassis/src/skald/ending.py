"""How a process learns that it shall end."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue
from typing import Final

__all__ = ["Ending"]

_HEED: Final = 1.0
"""Seconds after which a signal is heeded at the latest."""


class Ending:
    """Waits for SIGTERM and SIGINT, in the main thread, without missing one."""

    def __init__(self) -> None:
        # A queue, because a signal handler may put into it while this very thread waits on it; an Event would lock.
        self._told: SimpleQueue[None] = SimpleQueue()

    def heed_signals(self) -> None:
        """From now on SIGTERM and SIGINT tell it to end. To be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.tell())

    def tell(self) -> None:
        """Tell it to end. Safe in a signal handler, and in any thread."""
        self._told.put(None)

    def wait(self) -> None:
        """Return when it is told to end."""
        # A signal that comes between the interpreter's check for signals and its wait does not end that wait.
        while not self.told_within(_HEED):
            continue

    def told_within(self, seconds: float) -> bool:
        """Whether it is told to end before so many seconds have passed. Takes notice of being told once."""
        try:
            self._told.get(timeout=seconds)
        except Empty:
            return False
        return True
