"""What sagas ask of inventory: reserve, and then release or commit.

Each of the three touches one document per SKU, so each is work that is begun in the reservation first and that whoever
finds it begun can bring to its end (rule R5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from pydantic import Field, model_validator
from skald.messaging.participant import OPERATOR, Handler, Participant, reading
from skald.moments import rfc3339
from skald.repository import Done, Failed, Repository, Started, Work
from skald.schema import Body
from skald_wire import Command

from inventory.domain import Line, Reservation, Shelf, Shortage, Status, Taken, in_order

__all__ = ["Commands", "ReservationInput", "ReserveInput", "participant"]

_UUID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class LineInput(Body):
    """One line of an order."""

    sku: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    quantity: int = Field(ge=1, le=1000)


class ReserveInput(Body):
    """Input of ``inventory.reserve``."""

    order_id: str = Field(pattern=_UUID)
    lines: list[LineInput] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _one_line_per_sku(self) -> Self:
        if len({line.sku for line in self.lines}) < len(self.lines):
            raise ValueError("a SKU may stand in one line only")
        return self


class ReservationInput(Body):
    """Input of ``inventory.release`` and ``inventory.commit``."""

    reservation_id: str = Field(min_length=1, max_length=128)


class TakeLines:
    """Hold every line, or refuse the order and give back what was held."""

    name = "take-lines"

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def run(self, reservation: Reservation, _command_id: str) -> Shortage | None:
        """Take line by line."""
        return reservation.take(self._shelf)

    def finish(self, reservation: Reservation, shortage: Shortage | None) -> Done[Reservation] | Failed[Reservation]:
        """Held, or why not."""
        if shortage is None:
            return Done(reservation.become(Status.HELD), _reply(reservation))
        return _refusal(shortage)

    def undo(self, reservation: Reservation, _command_id: str) -> Reservation:
        """Give back what is held."""
        reservation.take_back(self._shelf)
        return reservation.become(Status.RELEASED)


class MoveLines:
    """Do to every line of a held reservation what is done after the saga's fate is known: give back, or sell."""

    def __init__(self, name: str, move: Callable[[Reservation], None], becomes: Status) -> None:
        self.name = name
        self._move = move
        self._becomes = becomes

    def run(self, reservation: Reservation, _command_id: str) -> None:
        """Line by line."""
        self._move(reservation)

    def finish(self, reservation: Reservation, _outcome: None) -> Done[Reservation]:
        """Released, or sold."""
        return Done(reservation.become(self._becomes), _reply(reservation))


Decision = Done[Reservation] | Failed[Reservation] | Started[Reservation]


class Commands:
    """One method per command: what it means for the reservation at hand. The work is done later, by the repository."""

    def __init__(self, shelf: Shelf, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._take = TakeLines(shelf)
        self._take_back = MoveLines("take-back-lines", lambda held: held.take_back(shelf), Status.RELEASED)
        self._sell = MoveLines("sell-lines", lambda held: held.sell(shelf), Status.SOLD)

    @property
    def works(self) -> Sequence[Work[Reservation]]:
        """All work that a reservation can be found begun with."""
        return self._take, self._take_back, self._sell

    def reserve(self, reservation: Reservation | None, command: Command, order: ReserveInput) -> Decision:
        """Set stock aside: all lines or none."""
        if reservation is not None:
            return Failed("AlreadyReserved", f"this saga has reservation {reservation.id}; it can have one only")
        lines = in_order(Line(line.sku, line.quantity) for line in order.lines)
        begun = Reservation(command.address.command_id, order.order_id, lines, since=rfc3339(self._clock()))
        return Started(begun, self._take)

    def release(self, reservation: Reservation | None, _command: Command, which: ReservationInput) -> Decision:
        """Give the stock back."""
        held = _held(reservation, which)
        return held if isinstance(held, Failed) else Started(held, self._take_back)

    def commit(self, reservation: Reservation | None, _command: Command, which: ReservationInput) -> Decision:
        """Sell what was set aside; behind the pivot, so it is asked for until it is done."""
        held = _held(reservation, which)
        return held if isinstance(held, Failed) else Started(held, self._sell)


def participant(repository: Repository[Reservation], commands: Commands) -> Participant[Reservation]:
    """Inventory as sagas see it."""
    return Participant(
        "inventory",
        repository,
        {
            "reserve": Handler(reading(ReserveInput, commands.reserve), senders=OPERATOR),
            "release": Handler(reading(ReservationInput, commands.release), senders=OPERATOR, undoes="reserve"),
            "commit": Handler(reading(ReservationInput, commands.commit), senders=OPERATOR),
        },
    )


def _held(reservation: Reservation | None, which: ReservationInput) -> Reservation | Failed[Reservation]:
    if reservation is None or reservation.id != which.reservation_id:
        return Failed("UnknownReservation", f"this saga has no reservation {which.reservation_id}")
    if reservation.status is not Status.HELD:
        return Failed("NotHeld", f"reservation {reservation.id} is {reservation.status}, so there is nothing to move")
    return reservation


def _refusal(shortage: Shortage) -> Failed[Reservation]:
    line = shortage.line
    match shortage.taken:
        case Taken.SHORT:
            return Failed("OutOfStock", f"fewer than {line.quantity} of {line.sku} are available")
        case Taken.UNKNOWN:
            return Failed("UnknownSku", f"there is no SKU {line.sku}")
        case _:
            message = (
                f"{line.sku} takes no more part in this reservation: it is released, sold or was begun too long ago"
            )
            return Failed("ReservationOver", message, retryable=True)


def _reply(reservation: Reservation) -> dict[str, Any]:
    return {"reservationId": reservation.id}
