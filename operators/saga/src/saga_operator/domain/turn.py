"""One event's work on one saga: the knowledge while it changes, and the effects as they gather."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain.definition import Definition, Step
from saga_operator.domain.effects import Announce, Effect, Store
from saga_operator.domain.kinds import AppliedDecision, Failure, Saga, SagaDecision, StepState
from saga_operator.domain.knowledge import (
    DEAD,
    DONE,
    OF_DEFINITION,
    Asked,
    Knowledge,
    Stall,
    StepKnowledge,
    Verdict,
    waits_its_turn,
)

_GOLDEN: Final = 0.6180339887498949
"""Steps through [0, 1) evenly, so that one random number serves all delays of a turn."""


class Turn:
    """Mutable, and gone when the event is worked in."""

    def __init__(self, definition: Definition, before: Knowledge, now: float, jitter: float) -> None:
        self.definition = definition
        self.before = before
        self.now = now
        self.saga: Saga = before.saga
        self.steps: list[StepKnowledge] = list(before.steps)
        self.early = before.early
        self.cause: Failure | None = before.cause
        self.stall: Stall | None = before.stall
        self.verdict: Verdict | None = None
        self.asked: tuple[Asked, ...] = before.asked
        self.applied: tuple[AppliedDecision, ...] = before.applied
        self.admitted = before.admitted
        self.looked = False
        """The object was read from etcd just now."""
        self.effects: list[Effect] = []
        self.checkpoint = False
        self.store_again_at = before.store_again_at
        self.wake_at: float | None = None
        self._jitter = jitter
        self._again = False

    @property
    def direction(self) -> Direction:
        """The direction in force."""
        return self.saga.status.direction or Direction.FORWARD

    def chance(self) -> float:
        """The next number in [0, 1) for a delay."""
        self._jitter = (self._jitter + _GOLDEN) % 1.0
        return self._jitter

    def change(self, index: int, **changes: Any) -> StepKnowledge:
        """Replace fields of what is known of one step."""
        changed = self.steps[index] = replace(self.steps[index], **changes)
        return changed

    def settle(self, index: int, outcome: StepState, **changes: Any) -> None:
        """Record what became of a step."""
        self.change(index, outcome=outcome, finished_at=self.now, stall=None, stalled_since=None, **changes)
        self.checkpoint = True

    def wake(self, moment: float) -> None:
        """Ask to be woken then, if not earlier."""
        if self.wake_at is None or moment < self.wake_at:
            self.wake_at = moment

    def ask_again(self) -> None:
        """The verdict, if there is one, has not been written: ask for it once more."""
        self._again = True
        self.store_again_at = None

    def stall_is_news(self) -> bool:
        """Whether the object does not show the stall that is known here."""
        return self.stall is not None and self.stall.reason != stored_stall(self.saga)

    def take_stall(self, stall: Stall | None) -> None:
        """Record the gravest stall, and tell people when it is another one than they know of."""
        before, self.stall = self.before.stall, stall
        if stall is None:
            self.checkpoint |= before is not None or stored_stall(self.saga) in OF_DEFINITION
        elif before is None and stall.reason == stored_stall(self.saga):
            return
        elif before is None or (before.reason, before.step) != (stall.reason, stall.step):
            self.checkpoint = True
            self.announce("Warning", stall.reason, stall.message)

    def announce(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """A Kubernetes Event, for people."""
        self.effects.append(Announce(kind, reason, message))

    def done(self) -> int:
        """The set of steps that let their dependants go on."""
        return self._set(DONE)

    def dead(self) -> int:
        """The set of steps that will never be in force."""
        return self._set(DEAD)

    def to_undo(self) -> int:
        """The set of steps that ran and have a compensation that is still to be executed."""
        found = 0
        for step, known in zip(self.definition.steps, self.steps, strict=True):
            if known.outcome is StepState.SUCCEEDED and step.compensation is not None:
                found |= step.bit
        return found

    def _set(self, outcomes: tuple[StepState, ...]) -> int:
        found = 0
        for index, known in enumerate(self.steps):
            if known.outcome in outcomes:
                found |= 1 << index
        return found

    def output_of(self, name: str) -> dict[str, Any] | None:
        """What a reference to a step's output finds."""
        return self.steps[self.definition.positions[name]].output

    def known(self, step: Step) -> StepKnowledge:
        """What is known of a step now."""
        return self.steps[step.index]

    def deciding(self, step: Step) -> SagaDecision | None:
        """The Skip or Complete of this step that is being carried out."""
        for asked in self.asked:
            spec = asked.decision.spec
            if asked.accepted and spec.step == step.name and spec.action in ("Skip", "Complete"):
                return asked.decision
        return None

    @property
    def waits_its_turn(self) -> bool:
        """Whether the saga has not begun, because it is not admitted."""
        return waits_its_turn(self.steps, admitted=self.admitted)

    @property
    def suspended(self) -> bool:
        """Whether no action and no compensation may be sent."""
        return bool(self.saga.spec.suspend)

    def finish(self) -> tuple[Knowledge, list[Effect]]:
        """The knowledge after the event, and everything to be done."""
        before = self.before
        if self.verdict is not None:
            if self.verdict is not before.verdict or self._again:
                self.effects.append(Store(urgent=True))
        elif self.checkpoint and not self.saga.status.phase.terminal:
            self.effects.append(Store(urgent=False))
        after = replace(
            before,
            saga=self.saga,
            steps=tuple(self.steps),
            early=self.early,
            cause=self.cause,
            admitted=self.admitted,
            asked=self.asked,
            applied=self.applied,
            verdict=self.verdict,
            stall=self.stall,
            store_again_at=self.store_again_at,
            wake_at=self.wake_at,
        )
        return after, self.effects


def stored_stall(saga: Saga) -> str | None:
    """The reason of the stall that the object shows."""
    shown = (each for each in saga.status.conditions if each.type == "Stalled" and each.status == "True")
    return next((each.reason for each in shown), None)
