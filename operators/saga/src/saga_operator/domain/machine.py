"""How a saga runs: ``advance`` turns what is known and what happened into what is known now and what to do.

    open_saga(saga) -> knowledge                                the object was first seen
    advance(definition, knowledge, event, now, jitter)          anything happened; nothing else changes a saga
    render(definition, knowledge, now) -> status                what to store

A turn records what the event says (``sight``, ``facts``, ``delivery``), then does whatever the direction in force
allows (``forward`` with ``seal``, or ``backward``). So it does not matter which event brought a piece of knowledge,
or in which order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from skald_wire import Direction
from skald_wire.names import INPUT_LIMIT, OBJECT_LIMIT, OUTPUT_LIMIT

from saga_operator.domain import (
    backward,
    decisions,
    delivery,
    facts,
    forward,
    limbo,
    memory,
    moments,
    phases,
    sight,
    stalls,
)
from saga_operator.domain.definition import Definition, NotAccepted
from saga_operator.domain.effects import Effect, Finish
from saga_operator.domain.events import (
    Admitted,
    Confirmed,
    DecisionMade,
    DefinitionChanged,
    Event,
    Reconnected,
    ReplyArrived,
    Returned,
    SagaGone,
    SagaSeen,
    Stored,
    StoreRefused,
    Unconfirmed,
    Woken,
)
from saga_operator.domain.kinds import Saga
from saga_operator.domain.knowledge import Knowledge
from saga_operator.domain.render import render
from saga_operator.domain.turn import Turn

__all__ = ["Knowledge", "advance", "open_saga", "render"]

JSON = Any
_RESERVE: Final = 64 * 1024
"""Bytes of an object that input and outputs leave to everything else: errors, decisions, conditions, metadata."""
_DEEPEST: Final = 200
"""Levels of nesting that an input may have: what every encoder and schema check on its way can take."""
_STORE_AGAIN_AFTER: Final = 30.0
"""Seconds until a refused write is tried once more; what refused it may be a policy that somebody mends."""


def open_saga(saga: Saga, *, admitted: bool = True) -> Knowledge:
    """What is known when the object is first seen: what it says.

    Not admitted: it stays Pending until Admitted comes, and only a cancel or the deadline moves it.
    """
    return Knowledge(saga, admitted=admitted)


def advance(
    definition: Definition | NotAccepted | None, knowledge: Knowledge, event: Event, now: float, jitter: float
) -> tuple[Knowledge, list[Effect]]:
    """The knowledge after an event, and what to do, in order.

    ``definition`` is the one that the saga names: None when there is none, NotAccepted when it was refused. ``now`` is
    Unix seconds; ``jitter`` is uniform in [0, 1).
    """
    if knowledge.terminal:
        return knowledge, _after_the_end(knowledge, event)
    if _changes_nothing(knowledge, event):
        return knowledge, []
    if isinstance(event, SagaSeen) and event.saga.metadata.uid != knowledge.saga.metadata.uid:
        # another object of the same name: what was learned may not be its own
        knowledge = open_saga(event.saga, admitted=knowledge.admitted)
    if isinstance(event, Admitted) and knowledge.waits_its_turn:
        knowledge = replace(knowledge, started_at=now)
    stall = stalls.of_definition(definition, knowledge)
    if stall is not None:
        return limbo.wait(knowledge, event, stall)
    assert isinstance(definition, Definition)
    turn = Turn(definition, knowledge if knowledge.steps else _begin(definition, knowledge, now), now, jitter)
    _absorb(turn, event)
    if not turn.saga.status.phase.terminal:
        _act(turn)
    return turn.finish()


def _after_the_end(knowledge: Knowledge, event: Event) -> list[Effect]:
    if isinstance(event, DecisionMade):
        answer = decisions.answer_for(knowledge.saga, event.decision)
        return [answer] if answer is not None else []
    found_ended = not knowledge.steps and isinstance(event, SagaSeen)
    return [Finish()] if found_ended else []


def _changes_nothing(knowledge: Knowledge, event: Event) -> bool:
    """The events of every saga that need no work: they should cost none."""
    match event:
        case Confirmed():
            return not any(step.unsent for step in knowledge.steps)
        case SagaSeen(saga, authoritative=False):
            ours = knowledge.saga.metadata
            seen = (saga.metadata.uid, saga.metadata.resource_version)
            return bool(knowledge.steps) and seen == (ours.uid, ours.resource_version)
        case _:
            return isinstance(event, SagaGone)


def _begin(definition: Definition, knowledge: Knowledge, now: float) -> Knowledge:
    saga = knowledge.saga
    status = saga.status
    size = _size_of(saga.spec.input)
    started_at = moments.recall(status.start_time)
    return replace(
        knowledge,
        steps=tuple(memory.recall(step, status) for step in definition.steps),
        applied=knowledge.applied or tuple(status.decisions),
        definition_hash=definition.hash,
        started_at=now if started_at is None else started_at,
        deadline=moments.parse(saga.metadata.creation_timestamp) + definition.deadline,
        input_problem=_input_problem(definition, saga, size),
        output_limit=_output_limit(definition, size),
        cause=status.failure if status.direction is Direction.BACKWARD else None,
    )


def _size_of(saga_input: Mapping[str, JSON]) -> int | None:
    """Bytes of JSON; None for an input nested too deep.

    Depth is counted, not left to the encoder, which takes what the stack has room for: all operators must agree.
    """
    level: list[JSON] = [saga_input]
    for _ in range(_DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return len(msgspec.json.encode(saga_input))
    return None


def _inside(value: JSON) -> Iterable[JSON]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _output_limit(definition: Definition, input_size: int | None) -> int:
    """A step's share of what an object may have. Equal shares, so that it does not matter which output comes first."""
    commands = len(definition.steps) - definition.approvals.bit_count()
    room = OBJECT_LIMIT - _RESERVE - min(INPUT_LIMIT if input_size is None else input_size, INPUT_LIMIT)
    return min(OUTPUT_LIMIT, room // max(commands, 1))


def _input_problem(definition: Definition, saga: Saga, size: int | None) -> str | None:
    if size is None:
        return f"the input is nested deeper than {_DEEPEST} levels; pass references instead"
    if size > INPUT_LIMIT:
        return f"the input has {size} bytes, more than {INPUT_LIMIT}; pass references instead"
    return definition.schema.problem(saga.spec.input) if definition.schema else None


def _absorb(turn: Turn, event: Event) -> None:
    match event:
        case SagaSeen():
            sight.see(turn, event.saga, authoritative=event.authoritative)
        case Stored():
            sight.stored(turn, event)
        case ReplyArrived():
            facts.hear(turn, event.reply)
        case Confirmed() | Returned() | Unconfirmed():
            delivery.note(turn, event)
        case Reconnected():
            delivery.send_again(turn)
        case StoreRefused():
            turn.store_again_at = turn.now + _STORE_AGAIN_AFTER
        case DecisionMade():
            decisions.ask(turn, event.decision)
        case Admitted():
            turn.admitted = True
        case Woken() | DefinitionChanged() | SagaGone():
            pass


def _act(turn: Turn) -> None:
    if turn.asked:
        decisions.carry_out(turn)
    if turn.applied and decisions.abort(turn):
        pass
    elif turn.direction is Direction.BACKWARD:
        backward.go(turn)
    else:
        forward.go(turn)
    if turn.asked:
        decisions.conclude(turn)
    turn.take_stall(stalls.of_saga(turn))
    turn.checkpoint |= phases.is_news(turn)
    if turn.store_again_at is not None:
        if turn.store_again_at <= turn.now:
            turn.ask_again()
            turn.checkpoint = True
        else:
            turn.wake(turn.store_again_at)
