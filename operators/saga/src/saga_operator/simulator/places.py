"""Where each step's participant stands, as numbers: its registers, what it did, and every reply it ever had for us."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from skald_wire import Direction, ReplyType
from skald_wire.register import Answer

from saga_operator.domain.definition import Definition
from saga_operator.simulator.abstraction import Table
from saga_operator.simulator.participant import Effect, Move, Participant
from saga_operator.simulator.properties import World
from saga_operator.simulator.shapes import BEGIN

_NOW: Final = BEGIN + 1


@dataclass(frozen=True, slots=True)
class Place:
    """One step's participant, and its past as far as it matters."""

    register: Any
    ran: bool
    undone: bool
    answers: frozenset[tuple[Direction, Answer]]

    @property
    def spared(self) -> bool:
        """Its compensation is dead."""
        return any(
            direction is Direction.BACKWARD and answer.type is ReplyType.CANCELLED for direction, answer in self.answers
        )


@dataclass(frozen=True, slots=True)
class Went:
    """A delivery that changed something."""

    label: str
    place: int
    effect: Effect | None


def after_effect(effect: Effect | None, *, ran: bool, undone: bool) -> tuple[bool, bool]:
    """Whether a step's action stands in the world, and whether it was undone, after an effect."""
    match effect:
        case Effect.DONE:
            return True, undone
        case Effect.UNDONE:
            return ran, True
        case Effect.TAKEN_BACK:
            return False, undone
        case None:
            return ran, undone


class Places:
    """Places numbered as they are met; every step begins at place 0."""

    def __init__(self, definition: Definition, participant: Participant, table: Table) -> None:
        self.all: list[Place] = [Place(participant.empty(), ran=False, undone=False, answers=frozenset())]
        self._definition = definition
        self._participant = participant
        self._table = table
        self._numbers: dict[Hashable, int] = {self.all[0]: 0}
        self._moves: dict[tuple[int, int], list[Went]] = {}

    def delivered(self, place: int, bit: int) -> Sequence[Went]:
        """What delivering a published message may change."""
        key = (place, bit)
        if key not in self._moves:
            message = self._table.messages[bit]
            moves = self._participant.moves(self.all[place].register, message, _NOW)
            went = (
                Went(move.label, self._after(self.all[place], message.address.direction, move), move.effect)
                for move in moves
            )
            self._moves[key] = [each for each in went if each.place != place or each.effect is not None]
        return self._moves[key]

    def answers(self, place: int) -> Sequence[tuple[Direction, Answer]]:
        """What its registers say now."""
        return list(self._participant.answers(self.all[place].register).items())

    def world(self, places: Sequence[int], past: World) -> World:
        """What all participants together did, added to what was ever stored and decided."""
        ran = undone = spared = 0
        for index, number in enumerate(places):
            place = self.all[number]
            ran |= place.ran << index
            undone |= place.undone << index
            spared |= place.spared << index
        return replace(past, ran=ran, undone=undone, spared=spared)

    def _after(self, before: Place, direction: Direction, move: Move) -> int:
        answers = before.answers | frozenset(self._participant.answers(move.register).items())
        if move.answer is not None and (move.answer.type is not ReplyType.FAILED or move.answer.final):
            answers |= {(direction, move.answer)}
        ran, undone = after_effect(move.effect, ran=before.ran, undone=before.undone)
        place = Place(move.register, ran, undone, answers)
        number = self._numbers.setdefault(place, len(self.all))
        if number == len(self.all):
            self.all.append(place)
        return number
