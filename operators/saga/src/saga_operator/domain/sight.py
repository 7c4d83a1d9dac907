"""What the API server shows of the object (I7): which of it is taken, and what a change of direction sets in motion."""

from __future__ import annotations

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain import facts
from saga_operator.domain.effects import Finish
from saga_operator.domain.events import Event, SagaSeen, Stored
from saga_operator.domain.kinds import Phase, Saga, StepState
from saga_operator.domain.knowledge import Knowledge
from saga_operator.domain.turn import Turn


def see(turn: Turn, saga: Saga, *, authoritative: bool) -> None:
    """A GET is the truth. A watch may be stale, so of it only facts, spec and steps ahead are taken."""
    _adopt(turn, _newer(turn.saga, saga, authoritative=authoritative))
    facts.merge(turn, saga.status)
    if authoritative:
        turn.ask_again()  # whatever was being written was not
        turn.checkpoint |= facts.exceed(turn, saga.status) or turn.stall_is_news()


def stored(turn: Turn, event: Stored) -> None:
    """One's own write is in force."""
    metadata = replace(turn.saga.metadata, resource_version=event.resource_version)
    turn.store_again_at = None
    _adopt(turn, replace(turn.saga, metadata=metadata, status=event.status))


def glance(knowledge: Knowledge, event: Event) -> Knowledge:
    """What is taken of an event while the definition is missing, so that nothing else can be understood."""
    match event:
        case SagaSeen():
            return replace(knowledge, saga=_newer(knowledge.saga, event.saga, authoritative=event.authoritative))
        case Stored():
            metadata = replace(knowledge.saga.metadata, resource_version=event.resource_version)
            return replace(knowledge, saga=replace(knowledge.saga, metadata=metadata, status=event.status))
        case _:
            return knowledge


def _newer(ours: Saga, seen: Saga, *, authoritative: bool) -> Saga:
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
    turn.cause = turn.saga.status.failure if turn.direction is Direction.BACKWARD else None
    for index, known in enumerate(turn.steps):
        if known.outcome is None or known.outcome is StepState.SUCCEEDED:
            turn.change(
                index,
                error=None,
                attempts=0,
                failures=0,
                failed_attempt=0,
                cancels=0,
                unsent=0,
                unroutable=False,
                due=0.0,
            )


def _end(turn: Turn) -> None:
    match turn.saga.status.phase:
        case Phase.COMPENSATED:
            turn.announce("Warning", "Compensated", f"Everything that ran is undone. {_because(turn)}")
        case Phase.ABORTED:
            turn.announce("Warning", "Aborted", "Everything stays as it is, by decision")
        case _:
            pass
    turn.effects.append(Finish())


def _because(turn: Turn) -> str:
    failure = turn.saga.status.failure
    if failure is None:
        return "The reason is not recorded"
    return f"Step {failure.step}: {failure.code}" + (f": {failure.message}" if failure.message else "")
