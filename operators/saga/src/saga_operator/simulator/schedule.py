"""One random schedule: a definition, some operators, an hour of everything that can go wrong, then a calm one.

The same seed gives the same schedule, so a violation can be looked at again, line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Phase, Saga
from saga_operator.domain.knowledge import KEY_REUSED
from saga_operator.domain.model import compile_definition
from saga_operator.simulator import invent, shapes
from saga_operator.simulator.network import Broker
from saga_operator.simulator.operator import Operator
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.people import People
from saga_operator.simulator.scene import Scene
from saga_operator.simulator.server import Server
from saga_operator.simulator.timeline import Timeline, Violation

_HELP_EVERY: Final = 60.0
"""Seconds between looks of the people at a calm saga that may wait for one of them."""
_LIMIT: Final = 2 * 3600.0
"""Seconds of calm after which a saga that has not ended never will, on top of its longest waits."""


@dataclass(slots=True)
class Result:
    """What one schedule was and came to."""

    seed: int
    shape: str
    phase: Phase
    violation: str | None
    record: list[str]
    counts: dict[str, int] = field(default_factory=dict)


class Schedule:
    """The parts of one schedule, and its faults."""

    def __init__(
        self,
        seed: int,
        definition: Definition | None = None,
        participant: type[RegisterKeeper] = RegisterKeeper,
        operator: Callable[[str, Definition, Timeline, Server, Broker], Operator] = Operator,
    ) -> None:
        """Without a definition one is drawn. ``participant`` keeps the registers, ``operator`` runs the saga."""
        self.seed = seed
        self.timeline = Timeline(seed)
        chance = self.timeline.chance
        self.shape = ""
        if definition is None:
            self.shape, drawn = shapes.draw(chance)
            definition = compile_definition(drawn)
        definition = replace(definition, schema=None)  # whose demands a made-up input would not meet
        begun = [step.name for step in definition.steps if chance.random() < 0.2]
        outputs = invent.outputs(definition, chance).__getitem__
        self._definition = definition
        self.scene = Scene(definition, participant(outputs, begun), self.timeline)
        saga = shapes.saga_of(definition, invent.saga_input(definition, chance))
        self.server = Server(definition, self.timeline, self.scene, saga)
        self.people = People(definition, self.timeline, self.server, outputs)
        self.broker = Broker(self.timeline, self.scene)
        self.operators = [
            operator(f"operator {number + 1}", definition, self.timeline, self.server, self.broker)
            for number in range(chance.randint(1, 3))
        ]
        self.faults = 0
        self._restored = False
        self._limit = _LIMIT + 4 * max(
            *(step.timeout + step.retry.maximum for step in definition.steps), definition.compensation_retry.maximum
        )

    def run(self) -> Result:
        """Faults, then calm, until the saga has ended."""
        violation = None
        try:
            self._run()
        except Violation as broken:
            violation = str(broken)
            self.timeline.tell(f"VIOLATION {violation}")
        counts = {
            "messages": self.broker.sent,
            "lost": self.broker.lost,
            "repeated": self.broker.repeated,
            "effects": self.scene.effects,
            "writes": self.server.writes,
            "faults": self.faults,
            "decisions": self.people.decided,
        }
        return Result(self.seed, self.shape, self.server.saga.status.phase, violation, self.timeline.record, counts)

    def _run(self) -> None:
        chance, timeline = self.timeline.chance, self.timeline
        self.server.watchers.append(self._show)
        for operator in self.operators:
            operator.start(self.server.saga)
        faults_for = chance.choice([2.0, 30.0, 300.0, 1200.0])
        calm_at = timeline.now + faults_for
        for _ in range(chance.randint(0, 8)):
            timeline.at(timeline.now + faults_for * chance.random() ** 4, self._fault)  # most while there is much to do
        for _ in range(chance.randint(0, 4)):
            timeline.at(timeline.now + faults_for * chance.random() ** 2, self.people.decide)
        timeline.at(calm_at, self._calm)
        while timeline.now < calm_at + self._limit and timeline.step():
            if timeline.now > calm_at and self.server.saga.status.phase.terminal:
                return
        status = self.server.saga.status
        if not status.phase.terminal and status.reason != KEY_REUSED:
            raise Violation(f"S7: after hours of calm the saga is still {status.phase} ({status.reason})")

    def _show(self) -> None:
        """Watch events come late, out of step, and sometimes not at all."""
        for operator in self.operators:
            if self.broker.calm or self.timeline.likely(0.8):
                most = 0.1 if self.broker.calm or self.timeline.likely(0.8) else 60.0
                tell = operator.watch if self.broker.calm else partial(self._tell_late, operator)
                self.timeline.after(0.001, most, partial(tell, self.server.saga))

    def _tell_late(self, operator: Operator, saga: Saga) -> None:
        if not self.broker.calm:  # by then a fresh look has overtaken it
            operator.watch(saga)

    def _fault(self) -> None:
        self.faults += 1
        operator = self.timeline.chance.choice(self.operators)
        faults: list[Callable[[], None]] = [
            partial(self._crash, operator),
            partial(self._crash, operator),
            partial(self.broker.reconnect, operator),
            partial(self._restore, self.timeline.chance.choice(self.server.past)),
            self.server.recreate,
            self.server.cancel,
            partial(self.server.suspend, suspended=True),
            partial(self.server.suspend, suspended=False),
        ]
        if self.timeline.likely(0.03):
            faults = [partial(self.server.reuse_key, invent.saga_input(self._definition, self.timeline.chance))]
        self.timeline.chance.choice(faults)()

    def _restore(self, snapshot: Saga) -> None:
        self._restored = True
        self.server.restore(snapshot)

    def _crash(self, operator: Operator) -> None:
        operator.crash()
        self.timeline.after(0.1, 30.0, partial(self._come_back, operator))

    def _come_back(self, operator: Operator) -> None:
        stale = not self.broker.calm and self.timeline.likely(0.3)
        operator.start(self.timeline.chance.choice(self.server.past) if stale else self.server.saga)

    def _calm(self) -> None:
        """From now on all is well; every operator gets one fresh look, as after a sweep of its table."""
        self.timeline.tell("calm")
        self.broker.calm = True
        self.scene.trouble = 0.0
        for operator in self.operators:
            operator.calm = True
            if self._restored:  # by the runbook, operators start again after it
                operator.crash()
                operator.start(self.server.saga)
            else:
                operator.watch(self.server.saga)
        self._help()

    def _help(self) -> None:
        self.people.help()
        self.timeline.at(self.timeline.now + _HELP_EVERY, self._help)
