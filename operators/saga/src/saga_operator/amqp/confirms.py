"""Which publishes of a channel the broker has answered for, and how."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one publish."""

    CONFIRMED = "confirmed"
    """The broker has it, durably where the queue is."""
    RETURNED = "returned"
    """No queue is bound for it."""
    REFUSED = "refused"
    """The broker would not take it, such as a queue that is full."""
    LOST = "lost"
    """The connection ended first, or there was none: it may or may not have arrived."""


Done = Callable[[Outcome], None]
Mark = tuple[str | None, str | None, object]
"""What a returned message is known by: message id, type and attempt."""


class Confirms:
    """The publishes in flight on one channel, oldest first. Every one ends in exactly one outcome."""

    def __init__(self) -> None:
        self._tag = 0
        self._waiting: dict[int, tuple[Mark, Done]] = {}
        self._returned: set[Mark] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def published(self, mark: Mark, done: Done) -> None:
        """One more is in flight. The broker counts publishes of a channel from 1, and so does this."""
        self._tag += 1
        self._waiting[self._tag] = (mark, done)

    def returned(self, mark: Mark) -> None:
        """The broker gave one back; it confirms it right afterwards all the same."""
        self._returned.add(mark)

    def settled(self, tag: int, *, multiple: bool, taken: bool) -> None:
        """An ack or nack for one, or for all up to it."""
        tags = [tag]
        if multiple:
            tags = []
            for waiting in self._waiting:
                if waiting > tag:
                    break
                tags.append(waiting)
        for each in tags:
            entry = self._waiting.pop(each, None)
            if entry is not None:
                self._end(entry, taken=taken)

    def lose_all(self) -> None:
        """The channel is gone."""
        waiting, self._waiting = self._waiting, {}
        self._returned.clear()
        for _, done in waiting.values():
            done(Outcome.LOST)

    def _end(self, entry: tuple[Mark, Done], *, taken: bool) -> None:
        mark, done = entry
        if mark in self._returned:
            self._returned.discard(mark)
            done(Outcome.RETURNED)
        else:
            done(Outcome.CONFIRMED if taken else Outcome.REFUSED)
