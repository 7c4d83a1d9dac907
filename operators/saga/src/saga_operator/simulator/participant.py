"""What the simulator asks of a participant, and one that keeps its register with the chassis' own rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Protocol

from skald_wire import Cancel, Command, Direction, canonical, register
from skald_wire.register import Answer, Entry, Outcome, Run, Settle, Write

from saga_operator.domain.knowledge import CANCELLED

JSON = Any


class Effect(Enum):
    """What a move did to the world outside the register."""

    DONE = "done"
    UNDONE = "undone"
    """By the compensation."""
    TAKEN_BACK = "taken back"
    """Begun work (R5), before anybody was told that it was done."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that may happen when a message is delivered."""

    label: str
    register: Any
    effect: Effect | None = None
    answer: Answer | None = None
    """None: no reply yet, because there is more to do."""


class Participant(Protocol):
    """The registers of one step. A register is any hashable value, so that it can be part of a state."""

    def empty(self) -> Any:
        """Nothing is registered."""

    def moves(self, register: Any, message: Command | Cancel, now: float) -> Sequence[Move]:
        """Everything that may happen when the message is delivered; the first is what a healthy participant does."""

    def answers(self, register: Any) -> Mapping[Direction, Answer]:
        """What a message about the action (Forward) or the compensation (Backward) would be told for good."""


class Body(dict[str, JSON]):
    """A JSON object that can be part of a state; never changed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(canonical(self))


@dataclass(frozen=True, slots=True)
class Book:
    """One step's registers, and what its begun work has done so far."""

    entries: tuple[tuple[str, Direction, Entry], ...] = ()
    worked: bool = False
    """Begun work has had its effect, and nobody has said so yet."""

    @property
    def register(self) -> dict[str, Entry]:
        """By command id, as the chassis stores it."""
        return {command_id: entry for command_id, _, entry in self.entries}

    def with_entries(self, changes: Mapping[str, Entry], message: Command | Cancel) -> Book:
        """After a write. What is not about the message's own command is about the action that it undoes."""
        present = {command_id: (direction, entry) for command_id, direction, entry in self.entries}
        for command_id, entry in changes.items():
            own = command_id == message.address.command_id
            direction = message.address.direction if own else Direction.FORWARD
            known = present.get(command_id, (direction, None))[0]
            present[command_id] = (known, replace(entry, body=Body(entry.body)))
        return replace(self, entries=tuple((key, *value) for key, value in sorted(present.items(), key=_by_id)))


REFUSED: Final = ("Refused", "simulated")
BUSY: Final = (CANCELLED, "simulated")
"""With the code that would mislead most: the operator's own for a command that never runs."""


def says_its_name(step: str) -> dict[str, JSON]:
    """The output of every step that the simulator makes up itself."""
    return {"of": step}


class RegisterKeeper:
    """Carries a message to its answer as the chassis does (``skald.applier``), one durable write per move."""

    def __init__(
        self, outputs: Callable[[str], dict[str, JSON]] = says_its_name, begun: Collection[str] | None = None
    ) -> None:
        """``begun``: the steps whose action one write cannot cover (R5); None: none."""
        self._outputs = outputs
        self._begun = frozenset(begun or ())

    def empty(self) -> Book:
        """Nothing is registered."""
        return Book()

    def moves(self, book: Book, message: Command | Cancel, now: float) -> Sequence[Move]:
        """What may happen when the message is delivered."""
        meeting = register.meet(book.register, message, now)
        match meeting:
            case Answer():
                return [Move("answers", book, answer=_kept(meeting))]
            case Write():
                label = "tombstones" if isinstance(message, Cancel) else "finds nothing to undo"
                return [self._write(label, book, message, meeting)]
            case Run():
                assert isinstance(message, Command)
                return self._run(book, message)
            case Settle():
                return self._settle(book, message, meeting)

    def answers(self, book: Book) -> Mapping[Direction, Answer]:
        """What the registers say (R2)."""
        settled = ((direction, entry) for _, direction, entry in book.entries if entry.outcome not in _UNSETTLED)
        return {direction: _kept(register.answer_of(entry)) for direction, entry in settled}

    def _run(self, book: Book, command: Command) -> list[Move]:
        step, forward = command.address.step, command.address.direction is Direction.FORWARD
        if forward and step in self._begun:
            settle = register.start(command, "work")
            return [Move("begins", book.with_entries({settle.command_id: settle.entry}, command))]
        done = register.execute(book.register, command, self._outputs(step) if forward else {})
        label, effect = ("executes", Effect.DONE) if forward else ("undoes", Effect.UNDONE)
        return [
            self._write(label, book, command, done, effect),
            *self._fail(book, command, "fails for good", REFUSED, retryable=False),
            *self._fail(book, command, "fails for now", BUSY, retryable=True),
        ]

    def _fail(
        self, book: Book, command: Command, label: str, failure: tuple[str, str], *, retryable: bool
    ) -> list[Move]:
        failed = register.fail(command, *failure, retryable=retryable)
        if isinstance(failed, Write):
            return [self._write(label, book, command, failed)]
        return [Move(label, book, answer=_kept(failed))] if retryable or failed.final else []

    def _settle(self, book: Book, message: Command | Cancel, settle: Settle) -> list[Move]:
        """R5, one write at a time; the message meets the register again after each."""
        if settle.entry.outcome is Outcome.UNDOING:
            gone = book.with_entries(register.taken_back(settle).changes, message)
            effect = Effect.TAKEN_BACK if book.worked else None
            return [Move("has taken back its work", replace(gone, worked=False), effect)]
        if settle.take_back:
            return [_turn("turns to taking back", book, message, settle, register.take_back(settle, message))]
        if not book.worked:
            return [Move("does its work", replace(book, worked=True), Effect.DONE)]
        output = self._outputs(message.address.step)
        finished = book.with_entries(register.execute(book.register, settle, output).changes, message)
        failed = register.fail_work(settle, *REFUSED, retryable=False, undoable=True)
        moves = [Move("finishes its work", replace(finished, worked=False))]
        if isinstance(failed, Entry):
            moves.append(_turn("fails at its work", book, message, settle, failed))
        return moves

    def _write(
        self, label: str, book: Book, message: Command | Cancel, write: Write, effect: Effect | None = None
    ) -> Move:
        return Move(label, book.with_entries(write.changes, message), effect, _kept(write.answer))


_UNSETTLED = (Outcome.STARTED, Outcome.UNDOING)


def _turn(label: str, book: Book, message: Command | Cancel, settle: Settle, entry: Entry) -> Move:
    return Move(label, book.with_entries({settle.command_id: entry}, message))


def _kept(answer: Answer) -> Answer:
    return replace(answer, body=Body(answer.body))


def _by_id(item: tuple[str, Any]) -> str:
    return item[0]
