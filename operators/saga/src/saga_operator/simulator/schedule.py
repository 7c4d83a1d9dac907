"""One random schedule: a definition, some operators, an hour of everything that can go wrong, then a calm one.

The same seed gives the same schedule, so a violation can be looked at again, line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Phase
from saga_operator.simulator import shapes
from saga_operator.simulator.network import Broker
from saga_operator.simulator.operator import Operator
from saga_operator.simulator.participant import Participant
from saga_operator.simulator.scene import Scene
from saga_operator.simulator.server import Server
from saga_operator.simulator.timeline import Timeline, Violation

_LIMIT: Final = 2 * 3600.0
"""Seconds of calm after which a saga that has not ended never will."""


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
        self, seed: int, participant: Participant, definition: Definition | None = None, shape: str = ""
    ) -> None:
        self.seed = seed
        self.timeline = Timeline(seed)
        if definition is None:
            shape, definition = shapes.draw(self.timeline.chance)
        self.shape = shape
        self.scene = Scene(definition, participant, self.timeline)
        self.server = Server(definition, self.timeline, self.scene, shapes.saga_of(definition))
        self.broker = Broker(self.timeline, self.scene)
        self.operators = [
            Operator(f"operator {number + 1}", definition, self.timeline, self.server, self.broker)
            for number in range(self.timeline.chance.randint(1, 3))
        ]
        self.faults = 0

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
        timeline.at(calm_at, self._calm)
        while timeline.now < calm_at + _LIMIT and timeline.step():
            if timeline.now > calm_at and self.server.saga.status.phase.terminal:
                return
        if not self.server.saga.status.phase.terminal:
            raise Violation(f"S7: two hours of calm, and the saga is still {self.server.saga.status.phase}")

    def _show(self) -> None:
        """Watch events come late, out of step, and sometimes not at all."""
        for operator in self.operators:
            if self.broker.calm or self.timeline.likely(0.8):
                most = 0.1 if self.broker.calm or self.timeline.likely(0.8) else 60.0
                self.timeline.after(0.001, most, partial(operator.watch, self.server.saga))

    def _fault(self) -> None:
        self.faults += 1
        operator = self.timeline.chance.choice(self.operators)
        faults: list[Callable[[], None]] = [
            partial(self._crash, operator),
            partial(self._crash, operator),
            partial(self.broker.reconnect, operator),
            partial(self.server.restore, self.timeline.chance.choice(self.server.past)),
            self.server.recreate,
            self.server.cancel,
        ]
        self.timeline.chance.choice(faults)()

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
            operator.watch(self.server.saga)
