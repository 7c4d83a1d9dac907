"""Who may run when a definition bounds how many do (``concurrency.maxRunning``): the oldest saga is first."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Gate(Generic[Key]):
    """Of one definition and operator. Keys are sagas; ``created`` orders those that wait, in Unix seconds."""

    def __init__(self, most: int | None) -> None:
        self._most: Final = most
        self._running: set[Key] = set()
        self._waiting: dict[Key, float] = {}
        self._line: list[tuple[float, int, Key]] = []
        self._arrived = 0

    @property
    def waiting(self) -> int:
        """How many are not admitted."""
        return len(self._waiting)

    def enter(self, key: Key, created: float, *, begun: bool = False) -> bool:
        """Whether the saga is admitted now. One that has begun always is, even beyond the bound."""
        if key in self._running or begun or self._most is None or (self._is_free() and not self._waiting):
            self._waiting.pop(key, None)
            self._running.add(key)
            return True
        if key not in self._waiting:
            self._waiting[key] = created
            self._arrived += 1
            heapq.heappush(self._line, (created, self._arrived, key))
        return False

    def leave(self, key: Key) -> list[Key]:
        """The saga ended or is gone; who is admitted instead."""
        self._running.discard(key)
        self._waiting.pop(key, None)
        admitted = []
        while self._line and self._is_free():
            created, _, first = heapq.heappop(self._line)
            if self._waiting.get(first) == created:
                del self._waiting[first]
                self._running.add(first)
                admitted.append(first)
        return admitted

    def _is_free(self) -> bool:
        return self._most is None or len(self._running) < self._most
