"""The phase that a person reads."""

from __future__ import annotations

from collections.abc import Sequence

from skald_wire import Direction

from saga_operator.domain.approvals import is_pending
from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Phase, Saga
from saga_operator.domain.knowledge import DONE, StepKnowledge
from saga_operator.domain.turn import Turn

_QUIET = (Phase.WAITING, Phase.SUSPENDED)
"""Phases that last until a person does something, so that entering and leaving them is worth a write."""


def of_live(definition: Definition, saga: Saga, steps: Sequence[StepKnowledge], *, waits_its_turn: bool) -> Phase:
    """Of a saga that has not ended."""
    if saga.spec.suspend:
        return Phase.SUSPENDED
    if saga.status.direction is Direction.BACKWARD:
        return Phase.COMPENSATING
    if waits_its_turn:
        return Phase.PENDING
    return Phase.WAITING if definition.approvals and _waits(definition, steps) else Phase.RUNNING


def is_news(turn: Turn) -> bool:
    """Whether the object shows that somebody is waited for, and nobody is, or the other way round."""
    stored = turn.saga.status.phase
    if turn.verdict is not None or not (turn.definition.approvals or turn.suspended or stored in _QUIET):
        return False
    phase = of_live(turn.definition, turn.saga, turn.steps, waits_its_turn=turn.waits_its_turn)
    return phase is not stored and (phase in _QUIET or stored in _QUIET)


def _waits(definition: Definition, steps: Sequence[StepKnowledge]) -> bool:
    """A person is all that the saga waits for."""
    done = sum(1 << index for index, known in enumerate(steps) if known.outcome in DONE)
    reached = [
        (step, known)
        for step, known in zip(definition.steps, steps, strict=True)
        if known.outcome is None and not step.needs & ~done
    ]
    return bool(reached) and all(is_pending(step, known) for step, known in reached)
