"""Steps that a person takes: since when they wait, when they expire, and what proves that they were given."""

from __future__ import annotations

from saga_operator.domain.definition import Step
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import StepError, StepState
from saga_operator.domain.knowledge import EXPIRED, StepKnowledge
from saga_operator.domain.shape import members
from saga_operator.domain.turn import Turn

_PROOF = (StepState.SUCCEEDED, StepState.COMPLETED, StepState.WAIVED)


def prove(turn: Turn) -> None:
    """Whatever ran behind a pending approval proves that some operator saw it given."""
    ran = sum(1 << index for index, known in enumerate(turn.steps) if known.outcome in _PROOF)
    for index in members(turn.definition.approvals):
        if turn.steps[index].outcome is None and turn.definition.steps[index].dependants & ran:
            turn.settle(index, StepState.SUCCEEDED, error=None)


def wait(turn: Turn, step: Step) -> None:
    """It is reached and pending: the clock runs, and a person is to see it."""
    if turn.known(step).started_at is None:
        turn.change(step.index, started_at=turn.now)
        turn.checkpoint = True
    known = turn.known(step)
    moment = expiry(step, known)
    if moment is None or known.error is not None:
        return
    if turn.now < moment:
        turn.wake(moment)
    elif step.expiry_approves:
        turn.settle(step.index, StepState.SUCCEEDED)
    else:
        waited = show(step.expires_after or 0.0)
        turn.change(step.index, error=StepError(EXPIRED, f"nobody approved it within {waited}"))
        turn.checkpoint = True


def expiry(step: Step, known: StepKnowledge) -> float | None:
    """When nobody can decide any more, in Unix seconds."""
    if step.expires_after is None or known.started_at is None:
        return None
    return known.started_at + step.expires_after


def drop(turn: Turn) -> None:
    """A seal found nothing that could still run and nothing dead: pending approvals have nothing left to decide."""
    for index in members(turn.definition.approvals):
        if turn.steps[index].outcome is None:
            turn.settle(index, StepState.SKIPPED, error=None)


def is_pending(step: Step, known: StepKnowledge) -> bool:
    """Whether it waits for a person."""
    return step.approval and known.outcome is None and known.started_at is not None and known.error is None
