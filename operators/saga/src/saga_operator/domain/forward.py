"""Forward: whatever has all that it depends on is sent, and sent again until it is answered (I3)."""

from __future__ import annotations

from saga_operator.domain import commands, facts, seal
from saga_operator.domain.definition import Clause, Step
from saga_operator.domain.kinds import StepError, StepState
from saga_operator.domain.knowledge import KEY_REUSED, UNRESOLVABLE, Verdict
from saga_operator.domain.references import Unresolvable, as_text, lookup
from saga_operator.domain.turn import Turn

INVALID_INPUT = "InvalidInput"
"""Error code of a first step whose saga's input does not fit the definition's schema."""


def go(turn: Turn) -> None:
    """Do what the direction Forward allows now."""
    _conclude(turn)
    if turn.done() == turn.definition.everything:
        turn.verdict = Verdict.SUCCEEDED
    elif not seal.go(turn):
        _send(turn)


def _conclude(turn: Turn) -> None:
    """What follows from the facts alone, in list order, because steps depend on earlier ones only."""
    done = turn.done()
    for step in turn.definition.steps:
        if step.approval or turn.known(step).outcome is not None or step.needs & ~done:
            continue
        if turn.early:
            facts.hear_early(turn, step)
        if turn.known(step).outcome is None:
            _conclude_reached(turn, step)
        if turn.known(step).outcome in (StepState.SUCCEEDED, StepState.SKIPPED):
            done |= step.bit


def _conclude_reached(turn: Turn, step: Step) -> None:
    first = not step.needs & ~turn.definition.approvals
    if turn.before.input_problem is not None and first:
        _bury(turn, step, StepError(INVALID_INPUT, turn.before.input_problem))
    elif not all(_holds(turn, clause) for clause in step.when):
        turn.settle(step.index, StepState.SKIPPED)
    else:
        try:
            commands.action(turn, step)
        except Unresolvable as error:
            _bury(turn, step, StepError(UNRESOLVABLE, str(error)))


def _holds(turn: Turn, clause: Clause) -> bool:
    try:
        value = lookup(clause.reference, turn.saga.spec.input, turn.output_of)
    except Unresolvable:
        return False
    return (as_text(value) in clause.values) is not clause.negated


def _bury(turn: Turn, step: Step, error: StepError) -> None:
    """It can never be sent: dead up to the pivot, after it a stall."""
    if not step.after_pivot:
        turn.settle(step.index, StepState.FAILED, error=error)
    elif turn.known(step).error != error:
        turn.change(step.index, error=error)
        turn.checkpoint = True


def _send(turn: Turn) -> None:
    """Send what is reached and due; but while a key stands for something else, only that command (R6)."""
    done = turn.done()
    reached = [
        step
        for step in turn.definition.steps
        if not step.approval and turn.known(step).outcome is None and not step.needs & ~done
    ]
    reused = [step for step in reached if _has_error(turn, step, KEY_REUSED)]
    for step in reused or reached:
        if _has_error(turn, step, UNRESOLVABLE):
            continue
        if turn.known(step).due <= turn.now:
            commands.send_action(turn, step)
        turn.wake(turn.known(step).due)
    if not done & turn.definition.pivot:
        turn.wake(turn.before.deadline)


def _has_error(turn: Turn, step: Step, code: str) -> bool:
    error = turn.known(step).error
    return error is not None and error.code == code
