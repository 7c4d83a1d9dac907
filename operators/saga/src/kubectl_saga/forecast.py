"""The plan of a cancel: what several rehearsals say, put together for a person.

In one rehearsal no step that is under way has run, in the others all or all but one have. What is undone in each is
certain, the rest hangs on the participants' answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from saga_operator.domain.definition import Clause, Definition, NotAccepted
from saga_operator.domain.kinds import Phase, Saga, SagaDefinition, StepState
from saga_operator.domain.knowledge import DONE, OF_DEFINITION
from saga_operator.domain.model import DefinitionError, compile_definition
from saga_operator.domain.references import Reference
from saga_operator.domain.shape import members
from skald_wire import Address, Command, Direction

from kubectl_saga.rehearsal import Rehearsal, rehearse_cancel

JSON = Any
_NEVER: Final = Clause(Reference(None, ("nothing",)), negated=False, values=frozenset())
"""A clause of ``when`` that holds for no saga."""


class Outcome(StrEnum):
    """What becomes of a saga that is cancelled now."""

    TURNS_BACK = "TurnsBack"
    STUCK = "Stuck"
    """It cannot turn back before somebody has acted."""
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
    undoable: bool
    """It has a compensation."""


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
    all_ran_is_too_late: bool | None
    """If all of the asked steps ran, none is left to cancel, and the saga succeeds; None: that hangs on their answers,
    which a later ``when`` refers to."""
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
    if not isinstance(compiled, Definition):
        return _forecast(saga, *_outcome(saga, base, pivot_ran=False))
    outcome, message = _outcome(saga, base, pivot_ran=_pivot_ran(compiled, base))
    match outcome:
        case Outcome.TOO_LATE:
            onward = [step.name for step in compiled.steps if not _has_run(base, step.name)]
            return _forecast(saga, outcome, message, onward=onward, stall=_stall(base))
        case Outcome.TURNS_BACK | Outcome.GOES_BACK_ALREADY:
            return _way_back(definition, compiled, saga, now, base, outcome, message)
        case _:
            return _forecast(saga, outcome, message)


def _way_back(
    definition: SagaDefinition | None,
    compiled: Definition,
    saga: Saga,
    now: float,
    base: Rehearsal,
    outcome: Outcome,
    message: str,
) -> Forecast:
    asked = [_asked(compiled, address) for address in base.asked]
    if any(each.pivot for each in asked):
        message += ", unless its pivot turns out to have run"
    if saga.spec.suspend:
        message += "; nothing is undone before it is resumed"
    courses, all_ran_is_too_late = _courses(compiled, saga, now, asked)
    certain = {command.address.step for together in base.undone for command in together}
    return _forecast(
        saga,
        outcome,
        message,
        asked=asked,
        all_ran_is_too_late=all_ran_is_too_late,
        undone=_merged(compiled, courses, certain),
        kept=_kept(definition, base),
        stall=next((stall for course in courses if (stall := _stall(course))), None),
    )


def _courses(definition: Definition, saga: Saga, now: float, asked: list[Asked]) -> tuple[list[Rehearsal], bool | None]:
    """How it can go if what is under way has run; and whether the saga succeeds if all of that has."""
    names = {each.step for each in asked if not each.pivot}
    everything = [rehearse_cancel(way, saga, now, names) for way in _ways(definition, names)]
    succeeds = [course.status.phase is Phase.SUCCEEDED for course in everything]
    if not names or not any(succeeds):
        return everything, False
    all_but_one = [rehearse_cancel(definition, saga, now, names - {left_out}) for left_out in sorted(names)]
    if all(succeeds):
        return all_but_one, True
    return [*everything, *all_but_one], None


def _ways(definition: Definition, names: set[str]) -> Iterator[Definition]:
    """As conditions that refer to outputs nobody knows yet may turn out: all of them hold, or none does."""
    unknown = {step.index for step in definition.steps if any(clause.reference.step in names for clause in step.when)}
    if not unknown:
        yield definition
        return
    for clauses in ((), (_NEVER,)):
        steps = tuple(replace(step, when=clauses) if step.index in unknown else step for step in definition.steps)
        yield replace(definition, steps=steps)


def _pivot_ran(definition: Definition, base: Rehearsal) -> bool:
    steps = base.knowledge.steps
    return bool(steps) and any(steps[index].outcome in DONE for index in members(definition.pivot))


def _stall(course: Rehearsal) -> str | None:
    stuck = not course.ended and not course.onward
    return course.knowledge.stall.message if stuck and course.knowledge.stall else None


def _forecast(saga: Saga, outcome: Outcome, message: str, **more: Any) -> Forecast:
    nothing: dict[str, Any] = {"asked": [], "all_ran_is_too_late": False, "undone": [], "kept": [], "onward": []}
    fields = {**nothing, "stall": None, **more}
    metadata = saga.metadata
    return Forecast(saga=metadata.name, namespace=metadata.namespace, outcome=outcome, message=message, **fields)


def _compiled(definition: SagaDefinition | None) -> Definition | NotAccepted | None:
    if definition is None:
        return None
    try:
        return compile_definition(definition)
    except DefinitionError as error:
        return NotAccepted(error.reason, str(error))


def _outcome(saga: Saga, base: Rehearsal, *, pivot_ran: bool) -> tuple[Outcome, str]:
    stall = base.knowledge.stall
    if saga.status.phase.terminal:
        return Outcome.ENDED, f"it has ended as {saga.status.phase}, so there is nothing to cancel"
    if stall is not None and stall.reason in OF_DEFINITION:
        return Outcome.CANNOT_RUN, f"it cannot go anywhere now, neither forward nor back: {stall.message}"
    if saga.status.direction is Direction.BACKWARD:
        return Outcome.GOES_BACK_ALREADY, "it goes back already, so a cancel changes nothing"
    return _outcome_forward(base, pivot_ran=pivot_ran)


def _outcome_forward(base: Rehearsal, *, pivot_ran: bool) -> tuple[Outcome, str]:
    stall = base.knowledge.stall
    if base.status.phase is Phase.SUCCEEDED:
        return Outcome.TOO_LATE, "every step has run, so a cancel changes nothing: it ends as Succeeded"
    if pivot_ran or base.onward:
        return Outcome.TOO_LATE, "its pivot has run, so a cancel changes nothing: it only goes forward"
    if base.knowledge.direction is Direction.FORWARD and not base.ended:
        return Outcome.STUCK, f"it would not turn back yet: {stall.message if stall else 'it waits for an answer'}"
    return Outcome.TURNS_BACK, "it turns back"


def _asked(definition: Definition, address: Address) -> Asked:
    step = definition.steps[definition.positions[address.step]]
    return Asked(
        step=step.name,
        participant=step.participant,
        command=step.command,
        pivot=step.pivot,
        undoable=step.compensation is not None,
    )


def _merged(definition: Definition, courses: list[Rehearsal], certain: set[str]) -> list[Undone]:
    """Every compensation that any course sends, as late as the latest sends it."""
    found: dict[str, Undone] = {}
    for course in courses:
        for order, together in enumerate(course.undone, start=1):
            for command in together:
                known = found.get(command.address.step)
                if known is None or known.order < order:
                    found[command.address.step] = _undone(order, command, certain)
    return sorted(found.values(), key=lambda each: (each.order, definition.positions[each.step]))


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
