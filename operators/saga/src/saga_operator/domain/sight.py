"""What the API server shows of the object (I7): which of it is taken, and what a change of direction sets in motion."""

from __future__ import annotations

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain import decisions, memory
from saga_operator.domain.effects import Finish
from saga_operator.domain.events import Stored
from saga_operator.domain.kinds import Phase, Saga, StepState
from saga_operator.domain.turn import Turn


def see(turn: Turn, saga: Saga, *, authoritative: bool) -> None:
    """A GET is the truth. A watch may be stale, so of it only facts, spec and steps ahead are taken."""
    _adopt(turn, newer(turn.saga, saga, authoritative=authoritative))
    memory.merge(turn, saga.status)
    if authoritative:
        turn.looked = True
        turn.ask_again()  # whatever was being written was not
        turn.checkpoint |= memory.exceed(turn, saga.status) or turn.stall_is_news()


def stored(turn: Turn, event: Stored) -> None:
    """One's own write is in force."""
    metadata = replace(turn.saga.metadata, resource_version=event.resource_version)
    turn.store_again_at = None
    _adopt(turn, replace(turn.saga, metadata=metadata, status=event.status))


def newer(ours: Saga, seen: Saga, *, authoritative: bool) -> Saga:
    """The object to go by: what is stale of a watch event is left out."""
    ahead = seen.status.direction is Direction.BACKWARD or seen.status.phase.terminal
    return seen if authoritative or ahead else replace(seen, status=ours.status)


def _adopt(turn: Turn, saga: Saga) -> None:
    before, turn.saga = turn.direction, saga
    turned = turn.direction is not before
    if turned:
        _begin_direction(turn)
    if saga.status.phase.terminal:
        _end(turn)
    elif turned and turn.direction is Direction.BACKWARD:
        turn.announce("Warning", "Compensating", _because(turn))


def _begin_direction(turn: Turn) -> None:
    """Each step's command at hand is another one now."""
    backward = turn.direction is Direction.BACKWARD
    turn.cause = turn.saga.status.failure if backward else None
    for index, known in enumerate(turn.steps):
        if known.outcome is None or known.outcome is StepState.SUCCEEDED:
            undo = backward and known.outcome is StepState.SUCCEEDED
            turn.steps[index] = memory.begin_undo(known) if undo else memory.end_undo(known)
    decisions.ask_again(turn)


def _end(turn: Turn) -> None:
    match turn.saga.status.phase:
        case Phase.COMPENSATED:
            turn.announce("Warning", "Compensated", f"Everything that ran is undone. {_because(turn)}")
        case Phase.ABORTED:
            turn.announce("Warning", "Aborted", "Everything stays as it is, by decision")
        case _:
            pass
    decisions.conclude(turn)
    turn.effects.append(Finish())


def _because(turn: Turn) -> str:
    failure = turn.saga.status.failure
    if failure is None:
        return "The reason is not recorded"
    return f"Step {failure.step}: {failure.code}" + (f": {failure.message}" if failure.message else "")
