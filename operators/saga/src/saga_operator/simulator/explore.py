"""Every schedule of a small shape, breadth first, so that the first violation found has a shortest trace.

Faults, without counters or clocks. Messages: the set of all ever published; one that is never delivered was lost, one
that is delivered again was repeated, and the order is any. Replies: whatever a register ever would have said. Time:
timers fire whenever they like, and any operator may find that the deadline has passed. Operators: several, none of
which knows that it is stale; each may crash at any moment and come back with the present object, the first version, or
a snapshot. The object: written by compare-and-swap; the answer to a write may be lost; it may be deleted and created
again, and etcd may be restored from a snapshot, any number of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from skald_wire import Direction

from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Action, Phase
from saga_operator.domain.shape import members
from saga_operator.simulator import properties
from saga_operator.simulator.abstraction import Table, Turned
from saga_operator.simulator.fair import WEATHERS, FairRuns
from saga_operator.simulator.participant import Effect, Participant
from saga_operator.simulator.places import Places, Went
from saga_operator.simulator.properties import World

State = tuple[int, ...]
"""The operators (knowledge and freshness), then object, snapshot, published, past, and each step's place."""
Label = tuple[str, int, int]
"""What happened, at which operator (-1: none), about which step (-1: none)."""
Found = tuple[State, Label, str | None]
"""A successor, how it came about, and the rule that this broke."""
_NO_SNAPSHOT: Final = -1


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is tried."""

    states: int = 100_000
    operators: int = 2
    recreation: bool = True
    rollback: bool = True
    compare_and_swap: bool = True
    decisions: tuple[tuple[Action, str | None], ...] = ()
    """What people may decide, at any moment and any number of times: action and step."""
    first_violation: bool = False
    """Stop there."""


@dataclass(slots=True)
class Report:
    """What was tried, and what was found."""

    states: int = 0
    transitions: int = 0
    complete: bool = True
    violations: dict[str, list[str]] = field(default_factory=dict)
    """By sentence: the trace."""
    succeeded: int = 0
    compensated: int = 0
    aborted: int = 0
    rolled_back: int = 0
    """States that say Forward after Backward had been stored: without any, the faults would prove little."""

    fair_runs: int = 0
    """Different situations from which the rest was run without faults."""


class Explorer:
    """One shape, one kind of participant, some bounds."""

    def __init__(self, definition: Definition, participant: Participant, bounds: Bounds) -> None:
        self.definition = definition
        self.bounds = bounds
        self.table = Table(definition)
        self.places = Places(definition, participant, self.table)
        self.states: list[State] = []
        self._pasts: list[World] = []
        self._past_numbers: dict[World, int] = {}
        self._number_past(World(approved=properties.given_by_expiry(definition)))
        self._came: list[tuple[int, Label]] = []

    def run(self) -> Report:
        """Explore until all is seen or the bound is reached; goes on beside a violation, never beyond it."""
        report = Report()
        start = self._start()
        numbers = {start: 0}
        self.states, self._came = [start], [(-1, ("", -1, -1))]
        for number, state in enumerate(self.states):
            for after, label, broken in self._successors(state):
                report.transitions += 1
                if broken is not None:
                    report.violations.setdefault(broken, [*self.trace(number), _tell(label, self.definition)])
                elif after not in numbers:
                    numbers[after] = len(self.states)
                    self.states.append(after)
                    self._came.append((number, label))
            if len(self.states) >= self.bounds.states or (report.violations and self.bounds.first_violation):
                report.complete = number + 1 == len(self.states)
                break
        self._count(report)
        return report

    def run_on(self, report: Report) -> None:
        """S7: from every state explored, let every operator in turn go on alone, in any weather."""
        count = self.bounds.operators
        runs = FairRuns(self.table, self.places)
        for number, state in enumerate(self.states):
            for operator, weather in product(range(count), WEATHERS):
                if not runs.end(state[operator] >> 1, state[count], state[count + 4 :], weather):
                    told = f"operator {operator + 1} goes on alone; {weather}; and the saga never ends"
                    report.violations.setdefault("S7: a saga never ends", [*self.trace(number), told])
        report.fair_runs = len(runs)

    def trace(self, number: int) -> list[str]:
        """How a state came about. Operators are interchangeable, so their numbers may swap from line to line."""
        told: list[str] = []
        while number > 0:
            number, label = self._came[number]
            told.append(_tell(label, self.definition))
        return told[::-1]

    def _start(self) -> State:
        first = self.table.opened(0)
        operators = [first.knowledge << 1 | 1] * self.bounds.operators
        return (*operators, 0, _NO_SNAPSHOT, first.sent, 0, *[0] * len(self.definition.steps))

    def _count(self, report: Report) -> None:
        count = self.bounds.operators
        report.states = len(self.states)
        for state in self.states:
            status = self.table.objects[state[count]]
            report.succeeded += status.phase is Phase.SUCCEEDED
            report.compensated += status.phase is Phase.COMPENSATED
            report.aborted += status.phase is Phase.ABORTED
            report.rolled_back += self._pasts[state[count + 3]].flipped and status.direction is Direction.FORWARD

    def _successors(self, state: State) -> Iterator[Found]:
        yield from self._of_operators(state)
        yield from self._of_participants(state)
        yield from self._of_storage(state)

    def _of_operators(self, state: State) -> Iterator[Found]:
        count = self.bounds.operators
        number, snapshot = state[count], state[count + 1]
        for operator in range(count):
            knowledge, fresh = state[operator] >> 1, state[operator] & 1
            for turned, is_fresh, what, step in self._turns(state, knowledge, fresh, number, snapshot):
                after = self._with_operator(state, operator, turned, is_fresh)
                if after != state:
                    yield after, (what, operator, step), None
            if not self.table.knowledge[knowledge].terminal:
                yield from self._decisions(state, operator)
                yield from self._writes(state, operator)

    def _decisions(self, state: State, operator: int) -> Iterator[Found]:
        """Somebody decides, and this operator hears of it; an approval is given from then on."""
        at = self.bounds.operators
        for action, step in self.bounds.decisions:
            turned = self.table.decides(state[operator] >> 1, state[at], action, step)
            after = self._with_operator(state, operator, turned, 1)
            index = self.definition.positions[step] if step is not None else -1
            if action == "Approve":
                past = self._pasts[state[at + 3]]
                approved = self._number_past(replace(past, approved=past.approved | 1 << index))
                after = (*after[: at + 3], approved, *after[at + 4 :])
            if after != state:
                yield after, (f"hears the decision {action} of", operator, index), None

    def _turns(
        self, state: State, knowledge: int, fresh: int, number: int, snapshot: int
    ) -> Iterator[tuple[Turned, int, str, int]]:
        table = self.table
        yield table.opened(number), 1, "crashes and comes back", -1
        if self.bounds.recreation:
            yield table.opened(0), int(number == 0), "comes back with the first version", -1
        if snapshot != _NO_SNAPSHOT:
            yield table.opened(snapshot), int(number == snapshot), "comes back with a stale list", -1
        if table.knowledge[knowledge].terminal:
            return
        yield table.is_woken(knowledge, late=True), fresh, "finds the deadline passed", -1
        yield table.sees(knowledge, number, authoritative=False), fresh, "sees a watch event", -1
        if not fresh:
            yield table.sees(knowledge, number, authoritative=True), 1, "reads the object", -1
        for step, place in enumerate(state[self.bounds.operators + 4 :]):
            for direction, answer in self.places.all[place].answers:
                turned = table.hears(knowledge, step, direction, answer)
                about = "the compensation" if direction is Direction.BACKWARD else "the action"
                yield turned, fresh, f"hears {answer.type} of {about} of", step

    def _with_operator(self, state: State, operator: int, turned: Turned, fresh: int) -> State:
        count = self.bounds.operators
        operators = list(state[:count])
        operators[operator] = turned.knowledge << 1 | fresh
        operators.sort()
        rest = state[count:]
        return (*operators, rest[0], rest[1], rest[2] | turned.sent, *rest[3:])

    def _writes(self, state: State, operator: int) -> Iterator[Found]:
        """The write lands, and its answer arrives or is lost; everybody else is stale from then on."""
        count = self.bounds.operators
        knowledge, fresh = state[operator] >> 1, state[operator] & 1
        number, snapshot, published, past_number = state[count : count + 4]
        written = self.table.writes(knowledge)
        if written == number or not (fresh or not self.bounds.compare_and_swap):
            return
        status = self.table.objects[written]
        past = self._pasts[past_number]
        world = self.places.world(state[count + 4 :], past)
        broken = properties.stored(self.definition, world, self.table.objects[number], status)
        past_number = self._number_past(properties.after_stored(self.definition, past, status))
        others = [code & ~1 for index, code in enumerate(state[:count]) if index != operator]
        for turned, is_fresh, what in (
            (self.table.stored(knowledge, written), 1, "writes"),
            (Turned(knowledge, 0), 0, "writes, and the answer is lost:"),
        ):
            operators = sorted([*others, turned.knowledge << 1 | is_fresh])
            after = (*operators, written, snapshot, published | turned.sent, past_number, *state[count + 4 :])
            told = status.phase if status.phase.terminal else status.direction
            yield after, (f"{what} {told}", operator, -1), broken

    def _of_participants(self, state: State) -> Iterator[Found]:
        count = self.bounds.operators
        for bit in members(state[count + 2]):
            step = self.table.step_of(bit)
            at = count + 4 + step
            for went in self.places.delivered(state[at], bit):
                after = (*state[:at], went.place, *state[at + 1 :])
                yield after, (f"the participant {went.label}", -1, step), self._broken(state, step, went)

    def _broken(self, state: State, step: int, went: Went) -> str | None:
        if went.effect not in (Effect.DONE, Effect.UNDONE):
            return None
        count = self.bounds.operators
        world = self.places.world(state[count + 4 :], self._pasts[state[count + 3]])
        if went.effect is Effect.DONE:
            return properties.action_ran(self.definition, world, self.definition.steps[step])
        return properties.compensation_ran(self.definition, world, self.definition.steps[step])

    def _of_storage(self, state: State) -> Iterator[Found]:
        count = self.bounds.operators
        number, snapshot = state[count], state[count + 1]
        if self.bounds.rollback and snapshot == _NO_SNAPSHOT:
            yield (*state[: count + 1], number, *state[count + 2 :]), ("a snapshot of etcd is taken", -1, -1), None
        if snapshot not in (_NO_SNAPSHOT, number):
            yield self._replaced(state, snapshot), ("etcd is restored from the snapshot", -1, -1), None
        if self.bounds.recreation and number != 0:
            yield self._replaced(state, 0), ("the object is deleted and created again", -1, -1), None

    def _replaced(self, state: State, number: int) -> State:
        count = self.bounds.operators
        return (*sorted(code & ~1 for code in state[:count]), number, *state[count + 1 :])

    def _number_past(self, past: World) -> int:
        number = self._past_numbers.setdefault(past, len(self._pasts))
        if number == len(self._pasts):
            self._pasts.append(past)
        return number


def _tell(label: Label, definition: Definition) -> str:
    what, operator, step = label
    who = f"operator {operator + 1} " if operator >= 0 else ""
    return f"{who}{what}" + (f" {definition.steps[step].name}" if step >= 0 else "")
