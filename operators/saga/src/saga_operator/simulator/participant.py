"""What the simulator asks of a participant, and one that keeps registers by rules R1 to R6 and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Literal, Protocol

from skald_wire import Cancel, Command, Direction, OnFailure, ReplyType

from saga_operator.domain.knowledge import KEY_REUSED
from saga_operator.domain.moments import parse

JSON = Any


class Effect(Enum):
    """What a move did to the world outside the register."""

    DONE = "done"
    UNDONE = "undone"
    """By the compensation."""
    TAKEN_BACK = "taken back"
    """Begun work (R5), before anybody was told that it was done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply's content."""

    type: ReplyType
    code: str | None = None
    """Of a Failed."""
    final: bool = False

    def body(self, step: str) -> dict[str, JSON]:
        """What travels: an output that names the step, an error, or nothing."""
        if self.type is ReplyType.FAILED:
            return {"code": self.code, "message": "simulated"}
        return {"of": step} if self.type is ReplyType.SUCCEEDED else {}


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


@dataclass(frozen=True, slots=True)
class Held:
    """An outcome, written once."""

    outcome: Literal["executed", "failed", "dead"]
    fingerprint: str | None
    """None on a tombstone that a compensation left: it matches any (R4)."""


@dataclass(frozen=True, slots=True)
class Registers:
    """A step's two registers; None: nothing is registered."""

    action: Held | None = None
    compensation: Held | None = None


FAILED: Final = Answer(ReplyType.FAILED, "Refused", final=True)
RETRYABLE: Final = Answer(ReplyType.FAILED, "Busy")


class RegisterKeeper:
    """Rules R1 to R6, as short as they can be put."""

    def empty(self) -> Registers:
        """Nothing is registered."""
        return Registers()

    def moves(self, register: Registers, message: Command | Cancel, now: float) -> Sequence[Move]:
        """What may happen when the message is delivered."""
        forward = message.address.direction is Direction.FORWARD
        held = register.action if forward else register.compensation
        if held is not None:
            return [Move("answers", register, answer=self._answer(register, held, message))]
        if isinstance(message, Cancel):
            return [self._cancel(register, message)]
        return self._do(register, message, now) if forward else [self._undo(register, message)]

    def answers(self, register: Registers) -> Mapping[Direction, Answer]:
        """What the registers say (R2)."""
        found = {}
        if register.action is not None:
            found[Direction.FORWARD] = _say(register.action, undone=self._undone(register))
        if register.compensation is not None:
            found[Direction.BACKWARD] = _say(register.compensation, undone=False)
        return found

    def _answer(self, register: Registers, held: Held, message: Command | Cancel) -> Answer:
        if held.fingerprint not in (None, message.address.fingerprint):
            return Answer(ReplyType.FAILED, KEY_REUSED)
        return self.answers(register)[message.address.direction]

    def _undone(self, register: Registers) -> bool:
        return register.compensation is not None and register.compensation.outcome == "executed"

    def _cancel(self, register: Registers, message: Cancel) -> Move:
        dead = Held("dead", message.address.fingerprint)
        forward = message.address.direction is Direction.FORWARD
        after = replace(register, action=dead) if forward else replace(register, compensation=dead)
        return Move("tombstones", after, answer=Answer(ReplyType.CANCELLED))

    def _do(self, register: Registers, message: Command, now: float) -> list[Move]:
        if message.deadline is not None and parse(message.deadline) < now:
            return [Move("is late", register, answer=RETRYABLE)]
        own = message.address.fingerprint
        done = replace(register, action=Held("executed", own))
        moves = [Move("executes", done, Effect.DONE, Answer(ReplyType.SUCCEEDED))]
        if message.on_failure is OnFailure.COMPENSATE:
            moves.append(Move("fails for good", replace(register, action=Held("failed", own)), answer=FAILED))
        return [*moves, Move("fails for now", register, answer=RETRYABLE)]

    def _undo(self, register: Registers, message: Command) -> Move:
        undone = Held("executed", message.address.fingerprint)
        if register.action is None:
            return self._nothing_to_undo(register, undone)
        effect = Effect.UNDONE if register.action.outcome == "executed" else None
        return Move("undoes", replace(register, compensation=undone), effect, Answer(ReplyType.SUCCEEDED))

    def _nothing_to_undo(self, register: Registers, undone: Held) -> Move:
        after = replace(register, action=Held("dead", None), compensation=undone)
        return Move("finds nothing to undo", after, answer=Answer(ReplyType.SUCCEEDED))


def _say(held: Held, *, undone: bool) -> Answer:
    match held.outcome:
        case "executed":
            return Answer(ReplyType.CANCELLED if undone else ReplyType.SUCCEEDED)
        case "failed":
            return FAILED
        case "dead":
            return Answer(ReplyType.CANCELLED)
