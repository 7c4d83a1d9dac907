"""What the object says of the steps, and what it does not say yet (I7)."""

from __future__ import annotations

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain import moments, record
from saga_operator.domain.definition import Step
from saga_operator.domain.kinds import Status, StepState, StepStatus
from saga_operator.domain.knowledge import DEAD, DONE, Ran, StepKnowledge
from saga_operator.domain.turn import Turn


def recall(step: Step, status: Status) -> StepKnowledge:
    """What a stored status says of a step."""
    stored = status.steps.get(step.name)
    if stored is None:
        return StepKnowledge()
    known = StepKnowledge(
        outcome=_outcome(step, stored),
        output=stored.output,
        error=stored.error,
        attempts=stored.attempts or 0,
        failures=stored.failures or 0,
        failed_attempt=stored.attempts or 0,
        started_at=moments.recall(stored.started_at),
        finished_at=moments.recall(stored.finished_at),
        stalled_since=moments.recall(stored.stalled_since),
        decision=stored.decision,
    )
    undoing = known.outcome is StepState.SUCCEEDED and status.direction is Direction.BACKWARD
    if undoing or stored.compensation is not None:
        return _recall_undo(begin_undo(known), stored)
    return known


def _outcome(step: Step, stored: StepStatus) -> StepState | None:
    if stored.state is StepState.COMPENSATING:
        return StepState.SUCCEEDED
    if step.approval and stored.state in DEAD:
        return None  # it was refused, which is a reason to go back, but no register holds it (I4)
    return stored.state if stored.state in DONE or stored.state in DEAD else None


def _recall_undo(known: StepKnowledge, stored: StepStatus) -> StepKnowledge:
    undo = stored.compensation
    if undo is None:
        return known
    return replace(
        known,
        error=undo.error,
        attempts=undo.attempts or 0,
        failures=undo.failures or 0,
        failed_attempt=undo.attempts or 0,
        started_at=moments.recall(undo.started_at),
        finished_at=moments.recall(undo.finished_at),
        stalled_since=moments.recall(stored.stalled_since),
    )


def begin_undo(known: StepKnowledge) -> StepKnowledge:
    """From now on the command at hand is the compensation."""
    if known.ran is not None:
        return known
    action = Ran(known.attempts, known.failures, known.error, known.started_at, known.finished_at)
    return _fresh(replace(known, ran=action, attempts=0, failures=0, error=None, started_at=None, finished_at=None))


def end_undo(known: StepKnowledge) -> StepKnowledge:
    """The object went back to before the turn (I7): the command at hand is the action again."""
    ran = known.ran
    if ran is None:
        return _fresh(known)
    return _fresh(
        replace(
            known,
            ran=None,
            attempts=ran.attempts,
            failures=ran.failures,
            error=ran.error,
            started_at=ran.started_at,
            finished_at=ran.finished_at,
        )
    )


def _fresh(known: StepKnowledge) -> StepKnowledge:
    return replace(
        known, failed_attempt=0, cancels=0, unsent=0, unroutable=False, due=0.0, stall=None, stalled_since=None
    )


def merge(turn: Turn, status: Status) -> None:
    """Take what the object knows and this operator does not. One's own facts are kept (I7)."""
    for applied in status.decisions:
        turn.applied = record.add(turn.applied, applied)
    for name in status.steps:
        index = turn.definition.positions.get(name)
        if index is None:
            continue
        ours, theirs = turn.steps[index], recall(turn.definition.steps[index], status)
        if theirs.outcome is None or theirs.outcome is ours.outcome:
            continue
        if ours.outcome is None or ours.outcome is StepState.SUCCEEDED:
            turn.steps[index] = theirs


def exceed(turn: Turn, status: Status) -> bool:
    """Whether more is known here than the object holds."""
    for step, known in zip(turn.definition.steps, turn.steps, strict=True):
        if known.outcome is not None and recall(step, status).outcome is None:
            return True
    return any(each not in status.decisions for each in turn.applied)
