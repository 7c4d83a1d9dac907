"""What happened to a saga, in order: out of its status, its Events, its decisions and its history of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from saga_operator.domain import moments
from saga_operator.domain.kinds import Saga, SagaDecision, SagaDefinition, StatusCondition, Step, StepState, StepStatus
from skald_wire import Direction

from kubectl_saga.happenings import OPERATOR, Chronicler, Happening
from kubectl_saga.stored import its_own

JSON = Any
_FROM_CREATION: Final = 1.0
"""Seconds that ``creationTimestamp`` is cut by; a saga that starts within them started at once."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A command, from when it was first sent to its last answer. Unix seconds; None: not yet, or not known."""

    attempts: int
    failures: int
    start: float | None
    end: float | None

    def __str__(self) -> str:
        """How often it was tried."""
        failures = f" ({self.failures}✗)" if self.failures else ""
        return f"{self.attempts}{failures}" if self.attempts else ""


@dataclass(frozen=True, slots=True)
class Span:
    """One step's time."""

    step: str
    command: str
    """``participant.command`` of the action; empty when the definition cannot be read."""
    state: StepState
    action: Stretch
    undo: Stretch | None
    approval: bool = False

    def called(self, *, ended: bool) -> str:
        """The state in a person's words. ``ended``: the saga has."""
        if ended and self.state in (StepState.PENDING, StepState.RUNNING):
            return "never ran" if self.state is StepState.PENDING else "not known"
        return "Waiting" if self.approval and self.state is StepState.RUNNING else str(self.state)

    @property
    def tries(self) -> str:
        """Of the action, and of the compensation if it took more than one."""
        return f"{self.action}" + (f" ↩ {self.undo}" if self.undo is not None and self.undo.attempts > 1 else "")


@dataclass(frozen=True, slots=True)
class Story:
    """All of it. ``begin`` and ``end`` in Unix seconds; ``end`` is now while the saga lives."""

    saga: Saga
    begin: float
    end: float
    spans: tuple[Span, ...]
    happenings: tuple[Happening, ...]


def tell(
    saga: Saga,
    definition: SagaDefinition | None,
    now: float,
    events: Sequence[Mapping[str, JSON]] = (),
    decisions: Sequence[SagaDecision] = (),
    fields: Sequence[Mapping[str, JSON]] = (),
) -> Story:
    """The story so far. ``fields`` are the object's ``metadata.managedFields``."""
    definition = its_own(saga, definition)
    status, chronicler = saga.status, Chronicler(saga, definition)
    begin, end = _begin(saga), _moment(status.completion_time) or now
    steps = _steps(saga, definition)
    happenings = [
        Happening(begin, _creator(fields), "created the saga"),
        *chronicler.of_people(decisions, fields),
        *(each for name in steps for each in chronicler.of_step(name)),
        *chronicler.of_flip(_turned_at(saga)),
        *(each for name in steps for each in chronicler.of_undoing(name)),
        *chronicler.of_stalls(events, _condition(saga, "Stalled")),
    ]
    happenings = [each if each.exact else replace(each, at=min(max(begin, each.at), end)) for each in happenings]
    happenings.sort(key=lambda each: each.at)  # stable: at the same moment the order is the one above
    spans = tuple(span_of(name, status.steps.get(name, StepStatus()), step) for name, step in steps.items())
    return Story(saga, begin, end, spans, (*happenings, _ending(saga, end)))


def _steps(saga: Saga, definition: SagaDefinition | None) -> dict[str, Step | None]:
    """In the definition's order, or else as they were started."""
    if definition is not None:
        return {step.name: step for step in definition.spec.steps}
    recorded = saga.status.steps
    return dict.fromkeys(sorted(recorded, key=lambda name: recorded[name].started_at or "~"))


def span_of(name: str, step: StepStatus, known: Step | None) -> Span:
    """One step's time, as recorded."""
    undo, approval = step.compensation, known is not None and known.approval is not None
    command = f"{known.participant}.{known.command}" if known is not None and known.command else ""
    return Span(
        step=name,
        command="a person decides" if approval else command,
        approval=approval,
        state=step.state,
        action=Stretch(step.attempts or 0, step.failures or 0, _moment(step.started_at), _moment(step.finished_at)),
        undo=None
        if undo is None
        else Stretch(undo.attempts or 0, undo.failures or 0, _moment(undo.started_at), _moment(undo.finished_at)),
    )


def _begin(saga: Saga) -> float:
    created = moments.parse(saga.metadata.creation_timestamp)
    started = _moment(saga.status.start_time)
    return started if started is not None and started - created < _FROM_CREATION else created


def _turned_at(saga: Saga) -> float | None:
    """The condition Succeeded becomes False in the write that turns the saga back."""
    condition = _condition(saga, "Succeeded")
    if saga.status.direction is not Direction.BACKWARD or condition is None:
        return None
    return moments.parse(condition.last_transition_time)


def _condition(saga: Saga, kind: str) -> StatusCondition | None:
    return next((condition for condition in saga.status.conditions if condition.type == kind), None)


def _creator(fields: Sequence[Mapping[str, JSON]]) -> str:
    """Who wrote the object first, by the name that its program goes under."""
    written = [entry for entry in fields if not entry.get("subresource") and entry.get("time")]
    first = min(written, key=lambda entry: str(entry["time"]), default=None)
    return str(first["manager"]) if first else ""


def _ending(saga: Saga, end: float) -> Happening:
    status = saga.status
    if status.phase.terminal:
        return Happening(end, OPERATOR, str(status.phase), "good" if status.phase == "Succeeded" else "back")
    waiting = status.current_steps or "the operator"
    return Happening(end, "", f"now: waits for {waiting}", "wait")


def _moment(text: str | None) -> float | None:
    return moments.parse(text) if text else None
