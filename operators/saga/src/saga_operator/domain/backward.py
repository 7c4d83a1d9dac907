"""Backward: undo what ran, dependants first (I5). Entered only under a written direction."""

from __future__ import annotations

from saga_operator.domain import commands
from saga_operator.domain.definition import Step
from saga_operator.domain.knowledge import UNRESOLVABLE, Verdict, unresolvable
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.shape import members
from saga_operator.domain.stalls import fails
from saga_operator.domain.turn import Turn


def go(turn: Turn) -> None:
    """Do what the direction Backward allows now."""
    if not turn.to_undo():
        turn.verdict = Verdict.COMPENSATED
        return
    for step in undoable(turn):
        _pursue(turn, step)


def undoable(turn: Turn) -> list[Step]:
    """The steps whose compensation may be sent: nothing that depends on them is in force."""
    to_undo = turn.to_undo()
    stalled = _stalled(turn, to_undo)
    steps = (turn.definition.steps[index] for index in reversed(list(members(to_undo))))
    return [step for step in steps if _may_be_undone(turn, step, to_undo, stalled)]


def _stalled(turn: Turn, to_undo: int) -> int:
    found = 0
    for index in members(to_undo):
        if fails(turn.steps[index], turn.definition.compensation_retry):
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
    decision = turn.deciding(step) if turn.asked else None
    given_up = known.error is not None and known.error.code == UNRESOLVABLE
    if given_up or (turn.suspended and decision is None):
        return
    try:
        commands.compensation(turn, step)
    except Unresolvable as error:
        turn.change(step.index, error=unresolvable(error))
        turn.checkpoint = True
        return
    if known.due <= turn.now:
        if decision is None:
            commands.send_compensation(turn, step)
        else:
            commands.send_cancel(turn, step, decision)
    turn.wake(turn.known(step).due)
