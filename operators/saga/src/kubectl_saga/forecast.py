"""The plan of a cancel: what two rehearsals say, put together for a person.

In one rehearsal no step that is under way has run, in the other all have. What is undone in both is certain, the rest
hangs on the participant's answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct
from saga_operator.domain.definition import Definition, NotAccepted
from saga_operator.domain.kinds import Saga, SagaDefinition, StepState
from saga_operator.domain.knowledge import OF_DEFINITION
from saga_operator.domain.model import DefinitionError, compile_definition
from skald_wire import Address, Command, Direction

from kubectl_saga.rehearsal import Rehearsal, rehearse_cancel

JSON = Any


class Outcome(StrEnum):
    """What becomes of a saga that is cancelled now."""

    TURNS_BACK = "TurnsBack"
    GOES_BACK_ALREADY = "GoesBackAlready"
    TOO_LATE = "TooLate"
    ENDED = "Ended"
    CANNOT_RUN = "CannotRun"


class _Camel(Struct, frozen=True, rename="camel", kw_only=True):
    pass


class Asked(_Camel, frozen=True):
    """A step that may have run; a cancel of its command makes the participant say so for good."""

    step: str
    participant: str
    command: str
    pivot: bool
    """If it ran, it is too late, and nothing is undone."""


class Undone(_Camel, frozen=True):
    """A compensation."""

    order: int
    """Those of one number are sent at the same time, the next when these have succeeded."""
    step: str
    participant: str
    command: str
    command_id: str
    input: dict[str, JSON]
    """A field that is not known yet holds the reference to it."""
    certain: bool
    """False: only if the step turns out to have run."""


class Kept(_Camel, frozen=True):
    """A step that ran and is not undone."""

    step: str
    why: str


class Forecast(_Camel, frozen=True):
    """What a cancel would do, if every compensation succeeds."""

    saga: str
    namespace: str
    outcome: Outcome
    message: str
    """Why, in a sentence."""
    asked: list[Asked]
    undone: list[Undone]
    kept: list[Kept]
    onward: list[str]
    """Steps that go on all the same, when it is too late."""
    stall: str | None
    """Why the saga would get stuck on its way back."""


def forecast(definition: SagaDefinition | None, saga: Saga, now: float) -> Forecast:
    """What a cancel at ``now`` (Unix seconds) would do, going by the two objects as stored."""
    compiled = _compiled(definition)
    base = rehearse_cancel(compiled, saga, now)
    outcome, message = _outcome(saga, base)
    if outcome in (Outcome.ENDED, Outcome.CANNOT_RUN) or not isinstance(compiled, Definition):
        return _forecast(saga, outcome, message)
    asked = [_asked(compiled, address) for address in base.asked]
    full = rehearse_cancel(compiled, saga, now, ran={each.step for each in asked if not each.pivot})
    certain = {command.address.step for together in base.undone for command in together}
    return _forecast(
        saga,
        outcome,
        message,
        asked=asked,
        undone=[
            _undone(order, command, certain)
            for order, together in enumerate(full.undone, start=1)
            for command in sorted(together, key=lambda each: compiled.positions[each.address.step])
        ],
        kept=[] if base.onward else _kept(definition, full),
        onward=[step.name for step in compiled.steps if base.onward and not _has_run(full, step.name)],
        stall=None if full.ended or base.onward or not full.knowledge.stall else full.knowledge.stall.message,
    )


def _forecast(saga: Saga, outcome: Outcome, message: str, **more: Any) -> Forecast:
    fields: dict[str, Any] = {"asked": [], "undone": [], "kept": [], "onward": [], "stall": None, **more}
    metadata = saga.metadata
    return Forecast(saga=metadata.name, namespace=metadata.namespace, outcome=outcome, message=message, **fields)


def _compiled(definition: SagaDefinition | None) -> Definition | NotAccepted | None:
    if definition is None:
        return None
    try:
        return compile_definition(definition)
    except DefinitionError as error:
        return NotAccepted(error.reason, str(error))


def _outcome(saga: Saga, base: Rehearsal) -> tuple[Outcome, str]:
    status, stall = saga.status, base.knowledge.stall
    if status.phase.terminal:
        return Outcome.ENDED, f"it has ended as {status.phase}, so there is nothing to cancel"
    if stall is not None and stall.reason in OF_DEFINITION:
        return Outcome.CANNOT_RUN, f"it cannot go anywhere now, neither forward nor back: {stall.message}"
    if status.direction is Direction.BACKWARD:
        return Outcome.GOES_BACK_ALREADY, "it goes back already, so a cancel changes nothing"
    if base.onward:
        return Outcome.TOO_LATE, "its pivot has run, so a cancel changes nothing: it only goes forward"
    return Outcome.TURNS_BACK, "it turns back"


def _asked(definition: Definition, address: Address) -> Asked:
    step = definition.steps[definition.positions[address.step]]
    return Asked(step=step.name, participant=step.participant, command=step.command, pivot=step.pivot)


def _undone(order: int, command: Command, certain: set[str]) -> Undone:
    address = command.address
    return Undone(
        order=order,
        step=address.step,
        participant=address.participant,
        command=address.command,
        command_id=address.command_id,
        input=dict(command.input),
        certain=address.step in certain,
    )


def _kept(definition: SagaDefinition | None, course: Rehearsal) -> list[Kept]:
    steps = definition.spec.steps if definition is not None else []
    reasons = {step.name: step.compensation.none for step in steps if step.compensation and step.compensation.none}
    kept = []
    for name, status in course.status.steps.items():
        if status.state is StepState.SUCCEEDED and name in reasons:
            kept.append(Kept(step=name, why=f"nothing to undo: {reasons[name]}"))
        elif status.state in (StepState.COMPLETED, StepState.WAIVED):
            kept.append(Kept(step=name, why=f"{status.state} by decision"))
    return kept


def _has_run(course: Rehearsal, name: str) -> bool:
    status = course.status.steps.get(name)
    return status is not None and status.finished_at is not None
