"""Backward: undo what ran, dependants first (I5). Entered only under a written direction."""

from __future__ import annotations

from saga_operator.domain import commands
from saga_operator.domain.definition import Step
from saga_operator.domain.kinds import StepError
from saga_operator.domain.knowledge import UNRESOLVABLE, Verdict
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.shape import members
from saga_operator.domain.stalls import compensation_fails
from saga_operator.domain.turn import Turn


def go(turn: Turn) -> None:
    """Do what the direction Backward allows now."""
    to_undo = turn.to_undo()
    if not to_undo:
        turn.verdict = Verdict.COMPENSATED
        return
    stalled = _stalled(turn, to_undo)
    for index in reversed(list(members(to_undo))):
        step = turn.definition.steps[index]
        if _may_be_undone(turn, step, to_undo, stalled):
            _pursue(turn, step)


def _stalled(turn: Turn, to_undo: int) -> int:
    found = 0
    for index in members(to_undo):
        if compensation_fails(turn.definition, turn.steps[index]):
            found |= 1 << index
    return found


def _may_be_undone(turn: Turn, step: Step, to_undo: int, stalled: int) -> bool:
    if step.dependants & to_undo:
        return False
    if stalled and turn.definition.stall_stops and not turn.known(step).attempts:
        return bool(step.bit & stalled)
    listed_later = to_undo >> step.index + 1 << step.index + 1
    return not (turn.definition.sequential and listed_later & ~stalled)


def _pursue(turn: Turn, step: Step) -> None:
    known = turn.known(step)
    if known.error is not None and known.error.code == UNRESOLVABLE:
        return
    try:
        commands.compensation(turn, step)
    except Unresolvable as error:
        turn.change(step.index, error=StepError(UNRESOLVABLE, str(error)))
        turn.checkpoint = True
        return
    if known.due <= turn.now:
        commands.send_compensation(turn, step)
    turn.wake(turn.known(step).due)
