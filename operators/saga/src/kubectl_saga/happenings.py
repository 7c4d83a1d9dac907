"""What each record of a saga tells: that somebody did something at a moment.

The status keeps when a command was first sent and when it was last settled; the times of the attempts between are not
kept, only their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from saga_operator.domain import moments
from saga_operator.domain.kinds import (
    AppliedDecision,
    CompensationStatus,
    Saga,
    SagaDecision,
    SagaDecisionSpec,
    SagaDefinition,
    StatusCondition,
    Step,
    StepState,
    StepStatus,
)
from saga_operator.domain.knowledge import StallReason

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
_RAN: Final = (StepState.SUCCEEDED, StepState.COMPENSATING, StepState.COMPENSATED, StepState.WAIVED)
"""States of a step whose action succeeded, whatever came after."""
_MIDDLE, _LATE = 0.5, 0.999
_ANSWERED: Final = (*_RAN, StepState.FAILED, StepState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Happening:
    """Somebody did something. ``at`` in Unix seconds."""

    at: float
    who: str
    what: str
    mood: Mood = "plain"
    exact: bool = True
    """False: only the second is known, and ``at`` is a guess within it."""


class Chronicler:
    """Reads one saga's records. Happenings come in no order."""

    def __init__(self, saga: Saga, definition: SagaDefinition | None) -> None:
        self._saga = saga
        self._status = saga.status
        self._steps: dict[str, Step] = {step.name: step for step in definition.spec.steps} if definition else {}

    def of_step(self, name: str) -> Iterator[Happening]:
        """What its participant, or a person, did about a step."""
        step, known = self._status.steps.get(name, StepStatus()), self._steps.get(name)
        if known is not None and known.approval is not None:
            yield from self._of_approval(name, step)
            return
        if step.started_at is not None:
            yield Happening(moments.parse(step.started_at), OPERATOR, f"sent {self._command(name)} for {name}")
        if step.finished_at is not None:
            answered = step.started_at is not None and step.state in _ANSWERED
            who = self._participant(name) if answered else OPERATOR
            yield Happening(moments.parse(step.finished_at), who, *self._became(name, step))

    def of_undoing(self, name: str) -> Iterator[Happening]:
        """What was done to take a step back."""
        step = self._status.steps.get(name, StepStatus())
        undo, command = step.compensation, self._command(name, undo=True)
        if undo is None:
            return
        if undo.started_at is not None:
            yield Happening(moments.parse(undo.started_at), OPERATOR, f"sent {command} to undo {name}", "back")
        if undo.finished_at is None:
            return
        at = moments.parse(undo.finished_at)
        if step.state is StepState.WAIVED:
            yield Happening(at, OPERATOR, f"{name} stays as it is, by decision", "back")
        else:
            yield Happening(at, self._participant(name), f"{name} is undone by {command}{_tries(undo)}", "back")

    def of_people(self, decisions: Sequence[SagaDecision], fields: Sequence[Mapping[str, JSON]]) -> Iterator[Happening]:
        """Who asked for what, and what became of it. The saga remembers decisions that are there no longer."""
        for entry in fields:
            changed = entry.get("fieldsV1", {}).get("f:spec", {})
            at, who = moments.parse(entry["time"]) if entry.get("time") else 0.0, str(entry.get("manager", ""))
            if "f:cancel" in changed and self._saga.spec.cancel:
                yield Happening(_guess(at, *self._effects_of_cancel()), who, "asked for a cancel", "back", exact=False)
            if "f:suspend" in changed:
                what = "suspended the saga" if self._saga.spec.suspend else "let the saga go on"
                yield Happening(_guess(at), who, what, exact=False)
        for decision in decisions:
            yield from self._of_decision(decision)
        seen = {decision.metadata.uid for decision in decisions}
        for applied in self._status.decisions:
            if applied.uid not in seen:
                yield Happening(_guess(moments.parse(applied.at)), applied.by, _decided(applied), exact=False)

    def _effects_of_cancel(self) -> Iterator[str | None]:
        yield self._status.completion_time
        yield from (step.finished_at for step in self._status.steps.values() if step.state is StepState.CANCELLED)

    def of_flip(self, at: float | None) -> Iterator[Happening]:
        """Why the saga went back."""
        failure = self._status.failure
        if at is not None and failure is not None:
            sentence = f": {failure.message}" if failure.message else ""
            yield Happening(at, OPERATOR, f"turned back because of {failure.step}: {failure.code}{sentence}", "back")

    def of_stalls(self, events: Sequence[Mapping[str, JSON]], condition: StatusCondition | None) -> Iterator[Happening]:
        """The stall that lasts, from the condition; earlier ones from Events, as long as the API server keeps these."""
        lasting = condition if condition is not None and condition.status == "True" else None
        for event in events:
            if event.get("reason") in _STALLS and (lasting is None or event["reason"] != lasting.reason):
                at = _guess(_time_of(event), condition.last_transition_time if condition else None, within=_LATE)
                yield Happening(at, OPERATOR, f"stalled, {event['reason']}: {event['message']}", "bad", exact=False)
        if condition is None:
            return
        at = moments.parse(condition.last_transition_time)
        if lasting is None:
            yield Happening(at, OPERATOR, "no longer stalled", "good")
        else:
            yield Happening(at, OPERATOR, f"stalled, {lasting.reason}: {lasting.message}", "bad")

    def _of_approval(self, name: str, step: StepStatus) -> Iterator[Happening]:
        if step.started_at is not None:
            yield Happening(moments.parse(step.started_at), OPERATOR, f"{name} waits for a person to decide", "wait")
        if step.finished_at is None:
            return
        at = moments.parse(step.finished_at)
        match step.state:
            case StepState.SUCCEEDED:
                how = "is approved" if step.decision else "is taken for approved: nobody decided in time"
                yield Happening(at, OPERATOR, f"{name} {how}", "good")
            case StepState.FAILED:
                yield Happening(at, OPERATOR, f"{name} is not approved{_because(step)}", "bad")
            case _:
                yield Happening(at, OPERATOR, f"{name} {_OTHERWISE.get(step.state, f'is {step.state}')}")

    def _of_decision(self, decision: SagaDecision) -> Iterator[Happening]:
        spec, status = decision.spec, decision.status
        at = _guess(moments.parse(decision.metadata.creation_timestamp), status.applied_at)
        refused = status.state == "Refused"
        became = f" (refused: {status.message})" if refused else "" if status.state else " (not answered yet)"
        yield Happening(at, spec.by, f"{_decided(spec)}{became}", "bad" if refused else "plain", exact=False)

    def _became(self, name: str, step: StepStatus) -> tuple[str, Mood]:
        if step.state in _RAN:
            return f"{name} succeeded{_tries(step)}", "good"
        if step.state is StepState.FAILED:
            return f"{name} failed{_tries(step)}{_because(step)}", "bad"
        return f"{name} {_OTHERWISE.get(step.state, f'is {step.state}')}", "plain"

    def _command(self, name: str, *, undo: bool = False) -> str:
        step = self._steps.get(name)
        if step is None or step.participant is None:
            return f"the compensation of {name}" if undo else name
        undone_by = step.compensation.command if step.compensation else None
        return f"{step.participant}.{undone_by if undo else step.command}"

    def _participant(self, name: str) -> str:
        step = self._steps.get(name)
        return step.participant if step is not None and step.participant else "participant"


def _guess(second: float, *effects: str | None, within: float = _MIDDLE) -> float:
    """When it was, if only the second is known: within it, and not after what came of it."""
    known = [moments.parse(effect) for effect in effects if effect is not None]
    return min([second + within, *(effect for effect in known if effect >= second)])


def _decided(decision: AppliedDecision | SagaDecisionSpec) -> str:
    about = f" {decision.step}" if decision.step else ""
    return f"decided {decision.action}{about}: {decision.reason}"


def _because(step: StepStatus) -> str:
    return f": {step.error.code}: {step.error.message}" if step.error else ""


def _tries(step: StepStatus | CompensationStatus) -> str:
    attempts, failures = step.attempts or 0, step.failures or 0
    if attempts <= 1:
        return ""
    return f" at attempt {attempts}" + (f" ({failures} failed)" if failures else "")


def _time_of(event: Mapping[str, JSON]) -> float:
    text = event.get("eventTime") or event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(str(text)).timestamp()
