"""Decisions about sagas: which step is meant, whether it makes sense, and what became of it.

What is refused here would be refused by the operator too; here it is said at once, and with what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from saga_operator.domain.kinds import Action, Saga, SagaDefinition, Step, StepState
from skald_wire import Direction

from kubectl_saga.errors import CliError

JSON = Any
Again = Callable[[str], str]
"""Makes a command line for the person to type next."""


class Wanted(Enum):
    """What a step must be like, in the words of a person."""

    APPROVAL = "waits for an approval"
    STALLED = "is stalled"


WANTED: Final[Mapping[Action, Wanted]] = {
    "Approve": Wanted.APPROVAL,
    "Reject": Wanted.APPROVAL,
    "Retry": Wanted.STALLED,
    "Skip": Wanted.STALLED,
    "Complete": Wanted.STALLED,
}
"""By action; the action that is missing concerns no step."""


def steps_for(action: Action, saga: Saga, definition: SagaDefinition | None) -> list[str]:
    """The steps that a decision can be about now; approvals are known only from the definition."""
    if WANTED.get(action) is Wanted.STALLED:
        return [name for name, step in saga.status.steps.items() if step.stalled_since is not None]
    if WANTED.get(action) is None or definition is None:
        return []
    return [step.name for step in definition.spec.steps if step.approval is not None and _waits(saga, step.name)]


def step_for(action: Action, given: str | None, saga: Saga, definition: SagaDefinition | None, again: Again) -> str:
    """The step that a decision is about: the one given, or the only one that can be meant. Raises CliError."""
    fitting = steps_for(action, saga, definition)
    if given is None:
        return _only(action, fitting, saga, again)
    known = [step.name for step in definition.spec.steps] if definition is not None else []
    if known and given not in known:
        near = get_close_matches(given, known, n=1) or [", ".join(known)]
        raise CliError(f"saga {saga.metadata.name} has no step {given}", f"Did you mean {near[0]}?")
    unseen = definition is None and WANTED[action] is Wanted.APPROVAL
    if given not in fitting and not unseen:
        raise CliError(_misfit(action, given, saga, definition), _instead(fitting, saga, again))
    if definition is not None and action == "Skip":
        _refuse_skipped_pivot(given, saga, definition, again)
    return given


def refuse_ended(saga: Saga) -> None:
    """Nothing can be decided about a saga that has ended. Raises CliError."""
    if saga.status.phase.terminal:
        raise CliError(f"saga {saga.metadata.name} has ended as {saga.status.phase}, so nothing is left to decide")


def _waits(saga: Saga, name: str) -> bool:
    step = saga.status.steps.get(name)
    return step is not None and step.state is StepState.RUNNING


def _only(action: Action, fitting: list[str], saga: Saga, again: Again) -> str:
    name = saga.metadata.name
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        commands = [again(f"{action.lower()} {name} {step}") for step in fitting]
        raise CliError(f"several steps of saga {name} can be meant: {', '.join(fitting)}", "\n".join(commands))
    raise CliError(f"no step of saga {name} {WANTED[action].value}", _instead(fitting, saga, again))


def _misfit(action: Action, given: str, saga: Saga, definition: SagaDefinition | None) -> str:
    name, wanted = saga.metadata.name, WANTED[action]
    step = saga.status.steps.get(given)
    state = step.state if step is not None else StepState.PENDING
    what = _spec(given, definition)
    if wanted is Wanted.APPROVAL and what is not None and what.approval is None:
        return f"step {given} of saga {name} is no approval: {what.participant} carries it out"
    if wanted is Wanted.STALLED and what is not None and what.approval is not None:
        return f"step {given} of saga {name} is an approval: it is approved or rejected"
    waits = {StepState.PENDING: "it is not its turn yet", StepState.RUNNING: "it is under way"}
    denied = {Wanted.APPROVAL: "does not wait for an approval", Wanted.STALLED: "is not stalled"}[wanted]
    return f"step {given} of saga {name} {denied}: {waits.get(state, f'it is {state}')}"


def _instead(fitting: list[str], saga: Saga, again: Again) -> str:
    if fitting:
        return f"These could be meant: {', '.join(fitting)}"
    return f"What it does now: {again(f'get {saga.metadata.name}')}"


def _refuse_skipped_pivot(given: str, saga: Saga, definition: SagaDefinition, again: Again) -> None:
    step = _spec(given, definition)
    if step is not None and step.pivot and saga.status.direction is not Direction.BACKWARD:
        complete = again(f"complete {saga.metadata.name} {given}")
        raise CliError(
            f"step {given} is the pivot of saga {saga.metadata.name} and cannot be skipped",
            f"If it was done by hand, say with what result: {complete} --output JSON --reason TEXT",
        )


def _spec(name: str, definition: SagaDefinition | None) -> Step | None:
    steps = definition.spec.steps if definition is not None else []
    return next((step for step in steps if step.name == name), None)
