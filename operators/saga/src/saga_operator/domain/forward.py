"""Forward: whatever has all that it depends on is sent, and sent again until it is answered (I3)."""

from __future__ import annotations

from saga_operator.domain import approvals, commands, facts, reach, seal
from saga_operator.domain.definition import Step
from saga_operator.domain.kinds import StepError, StepState
from saga_operator.domain.knowledge import DONE, KEY_REUSED, UNRESOLVABLE, Verdict, unresolvable
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.turn import Turn

INVALID_INPUT = "InvalidInput"
"""Error code of a first step whose saga's input does not fit the definition's schema."""


def go(turn: Turn) -> None:
    """Do what the direction Forward allows now."""
    conclude(turn)
    if _is_done(turn) or seal.go(turn):
        return
    if turn.definition.approvals:  # a seal that came too late has dropped those that were pending
        conclude(turn)
        if _is_done(turn):
            return
    _send(turn)


def conclude(turn: Turn) -> None:
    """What follows from the facts alone, in list order, because steps depend on earlier ones only."""
    if turn.definition.approvals:
        approvals.prove(turn)
    if turn.before.input_problem is not None:
        _bury_first(turn, turn.before.input_problem)
    done = turn.done()
    for step in turn.definition.steps:
        if turn.known(step).outcome is not None or step.needs & ~done:
            continue
        if turn.early:
            facts.hear_early(turn, step)
        if turn.known(step).outcome is None:
            _conclude_reached(turn, step)
        if turn.known(step).outcome in DONE:
            done |= step.bit


def _is_done(turn: Turn) -> bool:
    if turn.done() != turn.definition.everything:
        return False
    turn.verdict = Verdict.SUCCEEDED
    return True


def _bury_first(turn: Turn, problem: str) -> None:
    """No operator ever sends them, so no person is asked about what lies before them either."""
    for step in turn.definition.steps:
        first = not step.approval and not step.needs & ~turn.definition.approvals
        if first and turn.known(step).outcome is None:
            _bury(turn, step, StepError(INVALID_INPUT, problem))


def _conclude_reached(turn: Turn, step: Step) -> None:
    if turn.waits_its_turn:
        return  # what is stored now would bind a saga that has not begun
    if not reach.holds(turn, step):
        turn.settle(step.index, StepState.SKIPPED)
    elif step.approval:
        approvals.wait(turn, step)
    else:
        try:
            commands.action(turn, step)
        except Unresolvable as error:
            _bury(turn, step, unresolvable(error))


def _bury(turn: Turn, step: Step, error: StepError) -> None:
    """It can never be sent: dead up to the pivot, after it a stall."""
    if not step.after_pivot:
        turn.settle(step.index, StepState.FAILED, error=error)
    elif turn.known(step).error != error:
        turn.change(step.index, error=error)
        turn.checkpoint = True


def reached(turn: Turn) -> list[Step]:
    """The commands that may be sent: all that they depend on is done, and their outcome is unknown (I3)."""
    done = turn.done()
    return [
        step
        for step in turn.definition.steps
        if not step.approval and turn.known(step).outcome is None and not step.needs & ~done
    ]


def _send(turn: Turn) -> None:
    """Send what is reached and due; but while a key stands for something else, only that command (R6)."""
    steps = reached(turn)
    held = turn.suspended or not turn.admitted
    for step in [step for step in steps if _has_error(turn, step, KEY_REUSED)] or steps:
        decision = turn.deciding(step) if turn.asked else None
        if _has_error(turn, step, UNRESOLVABLE) or (held and decision is None):
            continue
        if turn.known(step).due <= turn.now:
            if decision is None:
                commands.send_action(turn, step)
            else:
                commands.send_cancel(turn, step, decision)
        turn.wake(turn.known(step).due)
    if not turn.done() & turn.definition.pivot:
        turn.wake(turn.before.deadline)


def _has_error(turn: Turn, step: Step, code: str) -> bool:
    error = turn.known(step).error
    return error is not None and error.code == code
