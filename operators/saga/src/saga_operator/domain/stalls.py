"""When a saga waits for something that it cannot bring about, and how a person is told."""

from __future__ import annotations

from typing import Final, get_args

from skald_wire import Direction

from saga_operator.domain.definition import Definition, NotAccepted, Step
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import StepState
from saga_operator.domain.knowledge import (
    KEY_REUSED,
    NEVER_RUNS,
    Knowledge,
    Stall,
    StallReason,
    StepKnowledge,
)
from saga_operator.domain.policy import LONGEST_UNSENT, Retry
from saga_operator.domain.turn import Turn

PATIENCE_WITH_CANCELS: Final = 3
"""Cancels that may go unanswered before a person is told."""
_GRAVEST_FIRST: Final[tuple[StallReason, ...]] = get_args(StallReason)


def of_definition(definition: Definition | NotAccepted | None, knowledge: Knowledge) -> Stall | None:
    """Why the saga cannot run at all."""
    name = knowledge.saga.spec.definition
    if definition is None:
        return Stall("DefinitionMissing", None, f"there is no SagaDefinition {name} in this namespace; create it")
    if isinstance(definition, NotAccepted):
        return Stall("NotAccepted", None, f"the SagaDefinition {name} is not accepted: {definition.message}")
    remembered = None if knowledge.waits_its_turn else knowledge.definition_hash
    began_with = remembered or knowledge.saga.status.definition_hash
    if began_with is not None and began_with != definition.hash:
        return Stall(
            "DefinitionChanged",
            None,
            f"the saga began with SagaDefinition {name} of hash {began_with}, and now it has {definition.hash}; "
            "restore the old one under this name",
        )
    return None


def of_saga(turn: Turn) -> Stall | None:
    """The gravest stall of any step; each step's own is recorded with it."""
    found = []
    for step in turn.definition.steps:
        stall = _of_step(turn, step)
        if stall is not None:
            found.append(stall)
        _record(turn, step, stall)
    return min(found, key=lambda stall: _GRAVEST_FIRST.index(stall.reason)) if found else None


def fails(known: StepKnowledge, retry: Retry) -> bool:
    """Whether trying the command at hand again does not seem to help (I5)."""
    code = known.error.code if known.error is not None else None
    if code in (KEY_REUSED, *NEVER_RUNS) or code in retry.final_codes:
        return True
    awaits_answer = known.attempts > known.failed_attempt
    return known.attempts - awaits_answer >= retry.patience


def _record(turn: Turn, step: Step, stall: Stall | None) -> None:
    """What an earlier operator stored stays until something is learned: a person may just be deciding about it."""
    known = turn.known(step)
    reason = stall.reason if stall is not None else None
    if reason is known.stall:
        return
    since = (known.stalled_since or turn.now) if stall is not None else None
    turn.checkpoint |= since != known.stalled_since
    turn.change(step.index, stall=reason, stalled_since=since)


def _of_step(turn: Turn, step: Step) -> Stall | None:
    known = turn.known(step)
    if step.approval or (known.error is None and known.attempts <= 1 and not known.unroutable):
        return None  # the way of nearly every step
    backward = turn.direction is Direction.BACKWARD
    if backward:
        pursued = known.outcome is StepState.SUCCEEDED and step.compensation is not None
    else:
        pursued = known.outcome is None
    return _of_pursued(turn, step, known, backward=backward) if pursued else None


def _of_pursued(turn: Turn, step: Step, known: StepKnowledge, *, backward: bool) -> Stall | None:
    retry = turn.definition.compensation_retry if backward else step.retry
    command = step.compensation.command if backward and step.compensation else step.command
    what = f"{step.participant}.{command} of step {step.name}"
    again = f"it is sent again at least every {show(retry.interval(retry.patience))}"
    if known.error is not None and known.error.code == KEY_REUSED:
        return Stall(
            "KeyReused",
            step.name,
            f"{what}: its command id already stands for other content at the "
            f"participant; an earlier saga used the same idempotencyKey with another input; {again}",
        )
    if backward and fails(known, retry):
        return Stall("CompensationFailed", step.name, f"{what}: {_why(known)}; {again}")
    if step.after_pivot and fails(known, retry):
        return Stall("StepFailed", step.name, f"{what}: {_why(known)}; {again}")
    if known.cancels > PATIENCE_WITH_CANCELS:
        return Stall(
            "Unanswered",
            step.name,
            f"{step.participant} does not answer whether {what} ran ({known.cancels} cancels sent), and before "
            f"it does the saga cannot go on; {again}",
        )
    if known.unroutable:
        longest = max(retry.interval(retry.patience), LONGEST_UNSENT)
        return Stall(
            "Unroutable",
            step.name,
            f"{what}: the broker has no queue for {step.participant}.*; add it there, or, if the definition misspells "
            f"the participant, abort the saga; it is sent again at least every {show(longest)}",
        )
    return None


def _why(known: StepKnowledge) -> str:
    if known.error is None:
        return f"no answer to {known.attempts} attempts"
    times = f" ({known.failures} times)" if known.failures > 1 else ""
    return f"{known.error.code}: {known.error.message}{times}"
