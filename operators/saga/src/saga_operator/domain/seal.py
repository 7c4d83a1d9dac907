"""Seal, then flip (I4): before the saga turns back, every register that could still run is asked to answer for good."""

from __future__ import annotations

from typing import Final

from saga_operator.domain import approvals, commands, reach
from saga_operator.domain.definition import Step
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import Failure, StepState
from saga_operator.domain.knowledge import CANCELLED, DEAD, KEY_REUSED, StepKnowledge, Verdict, unresolvable
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.shape import members
from saga_operator.domain.turn import Turn

CANCEL_REQUESTED: Final = "CancelRequested"
DEADLINE_EXCEEDED: Final = "DeadlineExceeded"


def go(turn: Turn) -> bool:
    """Seal, and choose when everything is answered. False: there is no reason to go back, or it is too late."""
    if turn.cause is None:
        turn.cause = _reason(turn)
        if turn.cause is None:
            return False
        for step in open_steps(turn):
            turn.change(step.index, due=0.0, cancels=0)
    if waiting := open_steps(turn):
        for step in waiting:
            if turn.known(step).due <= turn.now:
                commands.send_cancel(turn, step, turn.deciding(step) if turn.asked else None)
            turn.wake(turn.known(step).due)
        return True
    if turn.dead():
        turn.verdict = Verdict.BACKWARD if turn.to_undo() else Verdict.COMPENSATED
        return True
    turn.cause = None
    if turn.definition.approvals:
        approvals.drop(turn)
    return False


def open_steps(turn: Turn) -> list[Step]:
    """Steps that could still run: unknown, not after the pivot, all they depend on done or a pending approval."""
    passed = reach.passed(turn)
    return [
        step
        for step in turn.definition.steps
        if not (turn.known(step).outcome is not None or step.after_pivot or step.bit & passed or step.needs & ~passed)
        and _can_be_sent(turn, step)
    ]


def _can_be_sent(turn: Turn, step: Step) -> bool:
    try:
        commands.action(turn, step)
    except Unresolvable as error:
        turn.settle(step.index, StepState.FAILED, error=unresolvable(error))
        return False
    return True


def _reason(turn: Turn) -> Failure | None:
    """Why the saga must go back; once the pivot is done nothing is a reason."""
    if turn.done() & turn.definition.pivot:
        return None
    return _failed_step(turn) or _outer_reason(turn) or _dead_step(turn)


def _failed_step(turn: Turn) -> Failure | None:
    for step, known in zip(turn.definition.steps, turn.steps, strict=True):
        if known.error is not None and (known.outcome in DEAD or _is_given_up(step, known)):
            return Failure(step.name, known.error.code, known.error.message, known.attempts)
    return None


def _outer_reason(turn: Turn) -> Failure | None:
    cancelled, late = turn.saga.spec.cancel, turn.now >= turn.before.deadline
    if not cancelled and not late:
        return None
    steps = turn.definition.steps
    at = next((step.name for step in steps if turn.known(step).outcome is None), steps[-1].name)
    if cancelled:
        return Failure(at, CANCEL_REQUESTED, "spec.cancel was set")
    return Failure(at, DEADLINE_EXCEEDED, f"not finished within {show(turn.definition.deadline)}")


def _dead_step(turn: Turn) -> Failure | None:
    """A cancel of a saga's earlier life, or of another operator, was carried out."""
    for index in members(turn.dead()):
        return Failure(turn.definition.steps[index].name, CANCELLED, "it was cancelled before it ran")
    return None


def _is_given_up(step: Step, known: StepKnowledge) -> bool:
    """A retry policy is exhausted, or an approval is refused or expired: reasons to go back, but nothing dead yet."""
    if step.after_pivot or known.outcome is not None or known.error is None or known.error.code == KEY_REUSED:
        return False
    return step.approval or step.retry.exhausted(known.failures, known.error.code)
