"""What happened to a saga, in order: put together from its status, its Events, its decisions and its history of fields.

The status keeps when a step was first sent and when it was last settled; the times of the attempts between are not
kept, only their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from saga_operator.domain import moments
from saga_operator.domain.kinds import Saga, SagaDecision, SagaDefinition, StatusCondition, Step, StepState, StepStatus
from saga_operator.domain.knowledge import StallReason
from skald_wire import Direction

JSON = Any
OPERATOR: Final = "operator"
Mood = Literal["plain", "good", "bad", "back", "wait"]
_STALLS: Final[tuple[str, ...]] = get_args(StallReason)
_OTHERWISE: Final = {
    StepState.CANCELLED: "is cancelled: it did not run, and never will",
    StepState.SKIPPED: "is skipped: its conditions do not hold",
    StepState.COMPLETED: "is completed by decision",
    StepState.WAIVED: "is waived by decision",
}
_FROM_CREATION: Final = 1.0
"""Seconds that ``creationTimestamp`` is cut by; a saga that starts within them started at once."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Somebody did something. ``at`` in Unix seconds."""

    at: float
    who: str
    what: str
    mood: Mood = "plain"


@dataclass(frozen=True, slots=True)
class Span:
    """One step's time. Unix seconds; None: not yet, or not known."""

    step: str
    command: str
    """``participant.command`` of the action; empty when the definition cannot be read."""
    state: StepState
    attempts: int
    failures: int
    start: float | None
    end: float | None
    undo_start: float | None = None
    undo_end: float | None = None


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
    return _Teller(saga, definition, now, fields).tell(events, decisions)


class _Teller:
    def __init__(
        self, saga: Saga, definition: SagaDefinition | None, now: float, fields: Sequence[Mapping[str, JSON]]
    ) -> None:
        self._saga = saga
        self._status = saga.status
        self._steps: dict[str, Step] = {step.name: step for step in definition.spec.steps} if definition else {}
        self._fields = fields
        created = moments.parse(saga.metadata.creation_timestamp)
        started = _moment(saga.status.start_time)
        at_once = started is not None and started - created < _FROM_CREATION
        self._begin = started if started is not None and at_once else created
        self._end = _moment(saga.status.completion_time) or now
        self._flip = self._turned_at()

    def tell(self, events: Sequence[Mapping[str, JSON]], decisions: Sequence[SagaDecision]) -> Story:
        happenings = [
            Happening(self._begin, self._creator(), "created the saga"),
            *(each for name in self._names() for each in self._of_step(name)),
            *self._of_people(decisions),
            *self._of_flip(),
            *self._of_stalls(events),
        ]
        happenings.sort(key=lambda each: each.at)  # stable: at the same moment the order is the one above
        happenings += self._of_end()
        spans = tuple(self._span(name) for name in self._names())
        return Story(self._saga, self._begin, self._end, spans, tuple(happenings))

    def _names(self) -> list[str]:
        """In the definition's order, or else as they were started."""
        recorded = sorted(self._status.steps, key=lambda name: self._status.steps[name].started_at or "~")
        return list(self._steps or recorded)

    def _step(self, name: str) -> StepStatus:
        return self._status.steps.get(name, StepStatus())

    def _command(self, name: str, *, undo: bool = False) -> str:
        step = self._steps.get(name)
        if step is None or step.participant is None:
            return name
        undone_by = step.compensation.command if step.compensation else None
        return f"{step.participant}.{undone_by if undo else step.command}"

    def _participant(self, name: str) -> str:
        step = self._steps.get(name)
        return step.participant if step is not None and step.participant else "participant"

    def _span(self, name: str) -> Span:
        step = self._step(name)
        undone = step.state in (StepState.COMPENSATING, StepState.COMPENSATED) and self._flip is not None
        finished = _moment(step.finished_at)
        known = self._steps.get(name)
        return Span(
            step=name,
            command=self._command(name) if known is not None and known.command else "",
            state=step.state,
            attempts=step.attempts or 0,
            failures=step.failures or 0,
            start=_moment(step.started_at),
            end=None if step.state is StepState.COMPENSATED and undone else finished,
            undo_start=self._flip if undone else None,
            undo_end=finished if undone and step.state is StepState.COMPENSATED else None,
        )

    def _of_step(self, name: str) -> Iterator[Happening]:
        step = self._step(name)
        started, finished = _moment(step.started_at), _moment(step.finished_at)
        if started is not None:
            yield Happening(started, OPERATOR, f"sent {self._command(name)} for {name}")
        if finished is not None:
            yield self._settled(name, step, finished)

    def _settled(self, name: str, step: StepStatus, at: float) -> Happening:
        who = self._participant(name) if step.started_at else OPERATOR
        error = f": {step.error.code}: {step.error.message}" if step.error and step.state is StepState.FAILED else ""
        what, mood = self._became(name, step)
        return Happening(at, who, f"{name} {what}{error}", mood)

    def _became(self, name: str, step: StepStatus) -> tuple[str, Mood]:
        tries = _tries(step)
        match step.state:
            case StepState.SUCCEEDED:
                return f"succeeded{tries}", "good"
            case StepState.FAILED:
                return f"failed{tries}", "bad"
            case StepState.COMPENSATED:
                return f"is undone by {self._command(name, undo=True)}{tries}", "back"
            case StepState.COMPENSATING:
                return "succeeded", "good"
            case _:
                return _OTHERWISE.get(step.state, f"is {step.state}"), "plain"

    def _turned_at(self) -> float | None:
        """The condition Succeeded becomes False in the write that turns the saga back."""
        if self._status.direction is not Direction.BACKWARD:
            return None
        condition = self._condition("Succeeded")
        return _moment(condition.last_transition_time) if condition else None

    def _condition(self, kind: str) -> StatusCondition | None:
        return next((condition for condition in self._status.conditions if condition.type == kind), None)

    def _of_flip(self) -> Iterator[Happening]:
        failure = self._status.failure
        if self._flip is not None and failure is not None:
            sentence = f": {failure.message}" if failure.message else ""
            yield Happening(
                self._flip, OPERATOR, f"turned back because of {failure.step}: {failure.code}{sentence}", "back"
            )

    def _of_stalls(self, events: Sequence[Mapping[str, JSON]]) -> Iterator[Happening]:
        told = set()
        for event in events:
            if event.get("reason") in _STALLS:
                told.add(event["reason"])
                yield Happening(_time_of(event), OPERATOR, f"stalled, {event['reason']}: {event['message']}", "bad")
        condition = self._condition("Stalled")
        if condition is None:
            return
        at = moments.parse(condition.last_transition_time)
        if condition.status == "False":
            yield Happening(at, OPERATOR, "no longer stalled", "good")
        elif condition.reason not in told:  # the API server forgets Events after an hour
            yield Happening(at, OPERATOR, f"stalled, {condition.reason}: {condition.message}", "bad")

    def _of_people(self, decisions: Sequence[SagaDecision]) -> Iterator[Happening]:
        for entry in self._fields:
            if "f:cancel" in entry.get("fieldsV1", {}).get("f:spec", {}) and self._saga.spec.cancel:
                yield Happening(moments.parse(entry["time"]), str(entry["manager"]), "asked for a cancel", "back")
        for decision in decisions:
            spec, state = decision.spec, decision.status
            about = f" {spec.step}" if spec.step else ""
            became = f" ({state.state}{f': {state.message}' if state.message else ''})" if state.state else ""
            at = moments.parse(decision.metadata.creation_timestamp)
            yield Happening(at, spec.by, f"decided {spec.action}{about}: {spec.reason}{became}")

    def _creator(self) -> str:
        """Who wrote the object first, by the name that its program goes under."""
        written = [entry for entry in self._fields if not entry.get("subresource") and entry.get("time")]
        first = min(written, key=lambda entry: str(entry["time"]), default=None)
        return str(first["manager"]) if first else ""

    def _of_end(self) -> Iterator[Happening]:
        status = self._status
        if status.phase.terminal:
            mood: Mood = "good" if status.direction is not Direction.BACKWARD else "back"
            yield Happening(self._end, OPERATOR, str(status.phase), mood)
            return
        waiting = status.current_steps or "the operator"
        yield Happening(self._end, "", f"now: waits for {waiting}", "wait")


def _tries(step: StepStatus) -> str:
    attempts, failures = step.attempts or 0, step.failures or 0
    if attempts <= 1:
        return ""
    return f" at attempt {attempts}" + (f" ({failures} failed)" if failures else "")


def _moment(text: str | None) -> float | None:
    return moments.parse(text) if text else None


def _time_of(event: Mapping[str, JSON]) -> float:
    text = event.get("eventTime") or event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(str(text)).timestamp()
