"""What a reservation is and what may become of it. Pure: no clock, no database, no broker.

A reservation spans several SKUs, and one write covers only one of them. So each SKU remembers what every reservation
did to it, and whatever is done to a line can be done again without harm: that is what lets a worker that crashed
between two lines be followed by another, and a paused one wake up too late to spoil anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

__all__ = ["Hold", "Line", "NotHeld", "Reservation", "Shelf", "Shortage", "Status", "Stock", "Taken", "in_order"]


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one SKU."""

    sku: str
    quantity: int


def in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines sorted by SKU, so that everybody who works on a reservation meets them in the same order."""
    return tuple(sorted(lines, key=lambda line: line.sku))


class Status(StrEnum):
    """Where a reservation is on its way."""

    RESERVING = "Reserving"
    HELD = "Held"
    RELEASED = "Released"
    SOLD = "Sold"


@dataclass(frozen=True, slots=True)
class Stock:
    """The pieces of one SKU. Whatever happens, ``available + held + sold == initial``."""

    sku: str
    initial: int
    available: int
    held: int
    sold: int


class Hold(StrEnum):
    """What a SKU remembers of a reservation. The last two are for good: a take that meets one does nothing."""

    HELD = "held"
    RELEASED = "released"
    SOLD = "sold"


class Taken(StrEnum):
    """What a shelf answers to a take."""

    HELD = "held"
    SHORT = "short"
    UNKNOWN = "unknown"
    LATE = "late"
    """The reservation is released or sold here, or too old: nothing was taken, and nothing ever will be."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """The line that could not be held, and why."""

    line: Line
    taken: Taken


class NotHeld(Exception):
    """A reservation that counts as held holds nothing where it should: the books are wrong, and nothing was sold."""


class Shelf(Protocol):
    """Stock by SKU. Each method changes one SKU in one write, and doing it again changes nothing."""

    def take(self, line: Line, reservation: Reservation) -> Taken:
        """Hold the pieces for the reservation, if they are available and the reservation has left no hold here yet."""

    def take_back(self, line: Line, reservation: Reservation) -> None:
        """Make held pieces available again. Also where none are held, the reservation can take none from now on."""

    def sell(self, line: Line, reservation: Reservation) -> None:
        """Turn held pieces into sold ones. Raises NotHeld."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Stock set aside for one saga."""

    id: str
    """The id of the reserve command: the name that the holds go by."""
    order: str
    lines: tuple[Line, ...]
    since: str
    """When it was begun (RFC 3339). A SKU that has forgotten the marks of that time gives it nothing any more."""
    status: Status = Status.RESERVING

    def become(self, status: Status) -> Reservation:
        """The same reservation, further on its way."""
        return replace(self, status=status)

    def take(self, shelf: Shelf) -> Shortage | None:
        """Hold every line, or say which one could not be held; those before it stay held until they are taken back."""
        for line in self.lines:
            taken = shelf.take(line, self)
            if taken is not Taken.HELD:
                return Shortage(line, taken)
        return None

    def take_back(self, shelf: Shelf) -> None:
        """Give back what is held, and see to it that nobody who is late holds anything for this reservation again."""
        for line in self.lines:
            shelf.take_back(line, self)

    def sell(self, shelf: Shelf) -> None:
        """Turn every line's hold into a sale. Raises NotHeld."""
        for line in self.lines:
            shelf.sell(line, self)
