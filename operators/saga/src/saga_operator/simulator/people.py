"""The people of one schedule: they decide about what the object shows, and sometimes about what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saga_operator.domain.approvals import expiry
from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Action, Phase, Status, StepState
from saga_operator.domain.memory import recall
from saga_operator.simulator.server import Server
from saga_operator.simulator.shapes import decision_of
from saga_operator.simulator.timeline import Timeline

_BY_HAND: tuple[Action, ...] = ("Retry", "Skip", "Complete")
_APPROVAL: tuple[Action, ...] = ("Approve", "Reject")


class People:
    """Whoever may decide."""

    def __init__(
        self,
        definition: Definition,
        timeline: Timeline,
        server: Server,
        outputs: Callable[[str], dict[str, Any]],
    ) -> None:
        """``outputs``: what a step is completed with."""
        self.decided = 0
        self._outputs = outputs
        self._definition = definition
        self._timeline = timeline
        self._server = server

    def decide(self) -> None:
        """Something about the saga, mostly something that makes sense."""
        sensible = self._sensible(self._server.saga.status)
        if sensible and self._timeline.likely(0.8):
            self._make(*self._timeline.chance.choice(sensible))
        elif self._timeline.likely(0.1):
            self._make("Abort", None)
        else:
            step = self._timeline.chance.choice(self._definition.steps).name
            self._make(self._timeline.chance.choice([*_BY_HAND, *_APPROVAL]), step)

    def help(self) -> None:
        """In calm: end what waits for a person, and nothing else."""
        status = self._server.saga.status
        if status.phase is Phase.SUSPENDED:
            self._server.suspend(suspended=False)
        if status.phase is Phase.WAITING and (sensible := self._sensible(status)):
            self._make(*self._timeline.chance.choice(sensible))

    def _sensible(self, status: Status) -> list[tuple[Action, str | None]]:
        found: list[tuple[Action, str | None]] = []
        for step in self._definition.steps:
            shown = status.steps.get(step.name)
            if shown is None:
                continue
            moment = expiry(step, recall(step, status))
            if step.approval and shown.state is StepState.RUNNING:
                found += [(action, step.name) for action in _APPROVAL if moment is None or moment > self._timeline.now]
            elif shown.stalled_since is not None:
                found += [(action, step.name) for action in _BY_HAND]
        return found

    def _make(self, action: Action, step: str | None) -> None:
        self.decided += 1
        self._timeline.tell(f"a person decides {action}" + (f" of {step}" if step else ""))
        output = self._outputs(step) if action == "Complete" and step is not None else None
        self._server.decide(decision_of(action, step, self._timeline.now, output, f"decision {self.decided}"))
