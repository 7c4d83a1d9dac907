"""One saga on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click
from saga_operator.domain import moments
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import Saga, SagaDefinition, Step, StepState, StepStatus

from kubectl_saga.output import Cell, clean, compact, table
from kubectl_saga.overview import COLOURS
from kubectl_saga.stored import its_own
from kubectl_saga.story import span_of

_RAN: Final = (StepState.SUCCEEDED, StepState.COMPENSATING, StepState.COMPENSATED, StepState.WAIVED)
_STATES: Final = {"Failed": "red", "Compensated": "yellow", "Compensating": "yellow", "Cancelled": "yellow"}


def portray(saga: Saga, definition: SagaDefinition | None, now: float) -> Iterator[str]:
    """Its lines: where it stands, then a line per step, then its input."""
    yield f"{click.style(saga.metadata.name, bold=True)} in namespace {saga.metadata.namespace}"
    own = its_own(saga, definition)
    replaced = own is not definition
    facts = [(name, text, colour) for name, text, colour in _facts(saga, now, replaced=replaced) if text]
    width = max(len(name) for name, _, _ in facts)
    for name, text, colour in facts:
        yield f"  {name:<{width}}   {click.style(clean(text), fg=colour)}"
    yield ""
    yield table(("STEP", "STATE", "ATTEMPTS", "TOOK", "ANSWER"), _steps(saga, own, now))
    yield f"\nInput: {compact(saga.spec.input)}"


def _facts(saga: Saga, now: float, *, replaced: bool) -> Iterator[tuple[str, str, str | None]]:
    status = saga.status
    remark = "; another one goes by this name now" if replaced else ""
    version = f" ({status.definition_hash}{remark})" if status.definition_hash else ""
    yield "definition", f"{saga.spec.definition}{version}", None
    yield "phase", str(status.phase), COLOURS.get(status.phase)
    yield "direction", str(status.direction or ""), None
    yield "progress", status.progress or "", None
    yield "waits for", status.current_steps or "", None
    for condition in status.conditions:
        if condition.type == "Stalled" and condition.status == "True" and not status.phase.terminal:
            yield "stalled", f"{condition.reason}: {condition.message}", "red"
    if status.failure is not None:
        failure = status.failure
        yield "failure", f"{failure.step}: {failure.code}{f': {failure.message}' if failure.message else ''}", "red"
    yield "created", f"{saga.metadata.creation_timestamp} ({_ago(saga.metadata.creation_timestamp, now)})", None
    yield "took", status.duration or "", None
    yield "cancel", "asked for" if saga.spec.cancel else "", None
    for decision in status.decisions:
        about = f" {decision.step}" if decision.step else ""
        yield "decision", f"{decision.action}{about} by {decision.by}: {decision.reason}", None
    yield "idempotency key", saga.idempotency_key, None


def _ago(text: str, now: float) -> str:
    return f"{show(max(0.0, now - moments.parse(text)))} ago"


def _steps(saga: Saga, definition: SagaDefinition | None, now: float) -> Sequence[Sequence[Cell | str]]:
    known = saga.status.steps
    steps = {step.name: step for step in definition.spec.steps} if definition is not None else dict.fromkeys(known)
    ended = saga.status.phase.terminal
    until = moments.parse(saga.status.completion_time) if saga.status.completion_time else now
    return [_step(name, known.get(name, StepStatus()), step, until, ended=ended) for name, step in steps.items()]


def _step(name: str, step: StepStatus, defined: Step | None, until: float, *, ended: bool) -> list[Cell | str]:
    span = span_of(name, step, defined)
    return [
        name,
        Cell(span.called(ended=ended), _STATES.get(step.state)),
        span.tries,
        _took(step, until),
        _answer(step),
    ]


def _took(step: StepStatus, until: float) -> str:
    if step.started_at is None:
        return ""
    end = moments.parse(step.finished_at) if step.finished_at else until
    return show(max(0.0, end - moments.parse(step.started_at)))


def _answer(step: StepStatus) -> Cell | str:
    """Of the command at hand. A failure that was overcome is history, which ``timeline`` tells."""
    undo = step.compensation
    error = undo.error if undo is not None and undo.finished_at is None else None
    error = error or (step.error if step.state not in _RAN else None)
    if error is not None:
        return Cell(f"{error.code}: {error.message}", "red")
    return compact(step.output) if step.output else ""
