"""S7: from any state at all, once faults stop, one operator brings the saga to its end, or to a person's approval.

Every message under way is lost, participants are up and answer, and one operator goes on with what it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from saga_operator.domain.shape import members
from saga_operator.simulator.abstraction import Table
from saga_operator.simulator.places import Places

_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Weather:
    """What the rest of the run is like."""

    late: bool
    """The deadline has passed."""
    failing: bool
    """Whatever may still fail for good does."""


WEATHERS = tuple(Weather(late, failing) for late, failing in product((False, True), repeat=2))


class FairRuns:
    """Remembers what it has seen end, because many states go on alike."""

    def __init__(self, table: Table, places: Places) -> None:
        self._table = table
        self._places = places
        self._ends: dict[tuple[int, int, tuple[int, ...], Weather], bool] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def end(self, knowledge: int, number: int, places: tuple[int, ...], weather: Weather) -> bool:
        """Whether the saga ends, from one operator's knowledge, the object, and where the participants stand."""
        key = (knowledge, number, places, weather)
        if key not in self._ends:
            self._ends[key] = self._run(knowledge, number, list(places), weather)
        return self._ends[key]

    def _run(self, knowledge: int, number: int, places: list[int], weather: Weather) -> bool:
        table = self._table
        for _ in range(_ROUNDS):
            knowledge = table.sees(knowledge, number, authoritative=True).knowledge
            if table.knowledge[knowledge].terminal:
                return True
            if not weather.late and table.is_waiting(knowledge):
                return True  # for a person
            before = (knowledge, number, *places)
            woken = table.is_woken(knowledge, late=weather.late)
            knowledge = self._answer(woken.knowledge, woken.sent, places, weather)
            if table.knowledge[knowledge].verdict is not None:
                number = table.writes(knowledge)
                knowledge = table.stored(knowledge, number).knowledge
            if (knowledge, number, *places) == before:
                return False
        return False

    def _answer(self, knowledge: int, sent: int, places: list[int], weather: Weather) -> int:
        for bit in members(sent):
            step = self._table.step_of(bit)
            moves = self._places.delivered(places[step], bit)
            if moves:
                places[step] = moves[min(weather.failing, len(moves) - 1)].place
            for direction, answer in self._places.answers(places[step]):
                knowledge = self._table.hears(knowledge, step, direction, answer).knowledge
        return knowledge
