"""The status to store: for people first, then for the operator that starts from it next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain import moments, phases
from saga_operator.domain.definition import Definition, NotAccepted, Step
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import (
    AppliedDecision,
    CompensationStatus,
    Failure,
    Phase,
    Status,
    StatusCondition,
    StepState,
    StepStatus,
)
from saga_operator.domain.knowledge import DONE, Knowledge, StepKnowledge, Verdict

_REASON: Final = re.compile(r"[A-Za-z][A-Za-z0-9_,:]*")
"""What Kubernetes takes as the reason of a condition."""
_FALLBACK_REASON: Final = "Failed"
_ABORTED: Final = "Aborted"
Known = tuple[Literal["True", "False"], str, str]
"""Status, reason and message of a condition."""


def render(definition: Definition | NotAccepted | None, knowledge: Knowledge, now: float) -> Status:
    """What to store at ``now``: all that is known, and the verdict, if one was reached."""
    if not isinstance(definition, Definition) or not knowledge.steps or knowledge.definition_hash != definition.hash:
        return _waiting(knowledge, now)
    direction = _direction(knowledge)
    phase = _phase(definition, knowledge)
    failure = knowledge.cause
    stored, begun = knowledge.saga.status, phase.terminal or not knowledge.waits_its_turn
    return Status(
        phase=phase,
        direction=direction,
        progress=_progress(knowledge, direction),
        current_steps=None if phase.terminal else ",".join(_current(definition, knowledge, direction)) or None,
        attempts=sum(step.attempts + (step.ran.attempts if step.ran else 0) for step in knowledge.steps) or None,
        reason=_reason(knowledge, phase),
        duration=show(now - knowledge.started_at) if phase.terminal else None,
        definition_hash=knowledge.definition_hash if begun else stored.definition_hash,
        start_time=moments.show(knowledge.started_at) if begun else stored.start_time,
        completion_time=moments.show(now) if phase.terminal else None,
        failure=failure,
        steps=_steps(definition, knowledge),
        decisions=list(knowledge.applied),
        conditions=_conditions(knowledge, phase, failure if direction is Direction.BACKWARD else None, now),
    )


def _waiting(knowledge: Knowledge, now: float) -> Status:
    """Without its definition nothing new can be told of the steps."""
    status = knowledge.saga.status
    aborted = knowledge.verdict is Verdict.ABORTED
    phase = Phase.ABORTED if aborted else status.phase
    return replace(
        status,
        phase=phase,
        direction=knowledge.direction,
        reason=_reason(knowledge, phase) or status.reason,
        completion_time=moments.show(now) if aborted else status.completion_time,
        decisions=list(knowledge.applied) or status.decisions,
        conditions=_conditions(knowledge, phase, None, now),
    )


def _reason(knowledge: Knowledge, phase: Phase) -> str | None:
    if phase is Phase.ABORTED:
        return _ABORTED
    if knowledge.stall is not None:
        return knowledge.stall.reason
    return knowledge.cause.code if knowledge.cause is not None else None


def _progress(knowledge: Knowledge, direction: Direction) -> str:
    in_force = [step for step in knowledge.steps if step.outcome in DONE]
    if direction is Direction.BACKWARD:
        in_force = [step for step in in_force if step.outcome is not StepState.SKIPPED]
    return f"{len(in_force)}/{len(knowledge.steps)}"


def _direction(knowledge: Knowledge) -> Direction:
    if knowledge.verdict in (Verdict.BACKWARD, Verdict.COMPENSATED):
        return Direction.BACKWARD
    return knowledge.direction


def _phase(definition: Definition, knowledge: Knowledge) -> Phase:
    match knowledge.verdict:
        case Verdict.SUCCEEDED:
            return Phase.SUCCEEDED
        case Verdict.COMPENSATED:
            return Phase.COMPENSATED
        case Verdict.ABORTED:
            return Phase.ABORTED
        case Verdict.BACKWARD if not knowledge.saga.spec.suspend:
            return Phase.COMPENSATING
        case _:
            waits = knowledge.waits_its_turn
            return phases.of_live(definition, knowledge.saga, knowledge.steps, waits_its_turn=waits)


def _current(definition: Definition, knowledge: Knowledge, direction: Direction) -> list[str]:
    """Forward: what is reached and not known. Backward: what is being undone."""
    done = to_undo = 0
    for step, known in zip(definition.steps, knowledge.steps, strict=True):
        done |= step.bit if known.outcome in DONE else 0
        to_undo |= step.bit if known.outcome is StepState.SUCCEEDED and step.compensation else 0
    if direction is Direction.FORWARD:
        return [
            step.name
            for step, known in zip(definition.steps, knowledge.steps, strict=True)
            if known.outcome is None and not step.needs & ~done
        ]
    return [step.name for step in definition.steps if step.bit & to_undo and not step.dependants & to_undo]


def _steps(definition: Definition, knowledge: Knowledge) -> dict[str, StepStatus]:
    """Steps that nothing was done about stay out: absent means Pending, and an object in etcd is not free."""
    rendered = {}
    for step, known in zip(definition.steps, knowledge.steps, strict=True):
        state = _state(step, known)
        if state is not StepState.PENDING:
            rendered[step.name] = _step(known, state)
    return rendered


def _state(step: Step, known: StepKnowledge) -> StepState:
    if known.outcome is None and step.approval:
        pending = StepState.RUNNING if known.started_at is not None else StepState.PENDING
        return StepState.FAILED if known.error else pending
    if known.outcome is None:
        return StepState.RUNNING if known.attempts or known.error else StepState.PENDING
    if known.outcome is StepState.SUCCEEDED and known.ran is not None and (known.attempts or known.error):
        return StepState.COMPENSATING if step.compensation is not None else known.outcome
    return known.outcome


def _step(known: StepKnowledge, state: StepState) -> StepStatus:
    action = known.ran or known
    undo = known if known.ran is not None else None
    return StepStatus(
        state=state,
        attempts=action.attempts or None,
        failures=action.failures or None,
        output=known.output,
        error=action.error,
        started_at=_show(action.started_at),
        finished_at=_show(action.finished_at),
        compensation=_undo(undo) if undo is not None and (undo.attempts or undo.error or undo.finished_at) else None,
        stalled_since=_show(known.stalled_since),
        decision=known.decision,
    )


def _undo(known: StepKnowledge) -> CompensationStatus:
    return CompensationStatus(
        attempts=known.attempts or None,
        failures=known.failures or None,
        error=known.error,
        started_at=_show(known.started_at),
        finished_at=_show(known.finished_at),
    )


def _show(moment: float | None) -> str | None:
    return None if moment is None else moments.show(moment)


def _conditions(knowledge: Knowledge, phase: Phase, failure: Failure | None, now: float) -> list[StatusCondition]:
    """Each is there from the moment that something can be said: a condition that is absent is unknown."""
    before = {condition.type: condition for condition in knowledge.saga.status.conditions}
    known: dict[str, Known] = {}
    if phase is Phase.SUCCEEDED:
        known["Succeeded"] = ("True", "Succeeded", "every step succeeded")
        known["Compensated"] = ("False", "Succeeded", "there is nothing to undo")
    elif failure is not None:
        reason = failure.code if _REASON.fullmatch(failure.code) else _FALLBACK_REASON
        known["Succeeded"] = ("False", reason, f"step {failure.step}: {failure.message or failure.code}")
        if phase is Phase.COMPENSATED:
            known["Compensated"] = ("True", "Compensated", _undone(knowledge))
    if phase is Phase.ABORTED:
        known["Succeeded"] = known["Compensated"] = ("False", _ABORTED, _aborted(knowledge.applied))
    if knowledge.stall is not None and not phase.terminal:
        known["Stalled"] = ("True", knowledge.stall.reason, knowledge.stall.message)
    elif "Stalled" in before:
        known["Stalled"] = ("False", "Progressing" if not phase.terminal else str(phase), "")
    kept = {kind: condition for kind, condition in before.items() if kind not in known}
    return [*kept.values(), *(_condition(kind, *what, before.get(kind), now) for kind, what in known.items())]


def _undone(knowledge: Knowledge) -> str:
    left = sum(step.outcome in (StepState.COMPLETED, StepState.WAIVED) for step in knowledge.steps)
    by_decision = f", but for {left} that people decided to leave as they are" if left else ""
    return f"every step that ran is undone{by_decision}"


def _aborted(decisions: Sequence[AppliedDecision]) -> str:
    why = next((f"{each.by}: {each.reason}" for each in decisions if each.action == "Abort"), "")
    return f"everything stays as it is, as decided by {why}"


def _condition(
    kind: str,
    status: Literal["True", "False"],
    reason: str,
    message: str,
    before: StatusCondition | None,
    now: float,
) -> StatusCondition:
    """``lastTransitionTime`` moves only with the status, as everywhere in Kubernetes."""
    since = before.last_transition_time if before is not None and before.status == status else moments.show(now)
    return StatusCondition(kind, status, reason, message, since)
