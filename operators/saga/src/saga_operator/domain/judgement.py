"""Whether a decision makes sense (I6). Every refusal is a sentence for the person who decided."""

from __future__ import annotations

from typing import Final

import msgspec
from skald_wire import Direction, NotRepresentable, normalise

from saga_operator.domain import approvals, moments
from saga_operator.domain.definition import Step
from saga_operator.domain.kinds import SagaDecision, StepState
from saga_operator.domain.knowledge import NEVER_RUNS, StepKnowledge
from saga_operator.domain.turn import Turn

_CLOCKS_APART: Final = 2.0
"""Seconds by which the API server's clock and this one may differ."""


def objection(turn: Turn, decision: SagaDecision) -> str | None:
    """Why it is refused; None when it can be carried out."""
    spec = decision.spec
    if _made(decision) < moments.parse(turn.saga.metadata.creation_timestamp) - _CLOCKS_APART:
        return "it was made about an earlier saga of this name"
    if spec.action == "Abort":
        return None
    if spec.step is None or spec.step not in turn.definition.positions:
        names = ", ".join(step.name for step in turn.definition.steps)
        return f"the saga has no step {spec.step}; its steps are {names}"
    step = turn.definition.steps[turn.definition.positions[spec.step]]
    if spec.action in ("Approve", "Reject"):
        return _to_approval(turn, step, decision)
    if step.approval:
        return f"step {step.name} is an approval: Approve or Reject it"
    return _to_stalled(turn, step, decision)


def never_runs(known: StepKnowledge) -> bool:
    """Whether it is known already that the command at hand never runs, so that nobody has to be asked."""
    return known.error is not None and known.error.code in NEVER_RUNS


def _to_approval(turn: Turn, step: Step, decision: SagaDecision) -> str | None:
    known = turn.known(step)
    if not step.approval:
        return f"step {step.name} is no approval; {decision.spec.action} is for steps that wait for a person"
    if known.outcome is not None:
        return f"step {step.name} is {known.outcome} already"
    if turn.direction is Direction.BACKWARD or _is_closed(turn, step, known):
        return f"it is too late: the saga goes back, or step {step.name} was refused or has expired"
    if known.started_at is None:
        return f"step {step.name} is not reached yet, so there is nothing to decide"
    if _is_older(decision, known.started_at):
        return f"it was made before step {step.name} was reached"
    return None


def _is_closed(turn: Turn, step: Step, known: StepKnowledge) -> bool:
    moment = approvals.expiry(step, known)
    return known.error is not None or (moment is not None and turn.now >= moment)


def _to_stalled(turn: Turn, step: Step, decision: SagaDecision) -> str | None:
    known = turn.known(step)
    if not _is_awaited(turn, step, known) or known.stalled_since is None:
        return f"step {step.name} is not stalled ({known.outcome or 'it is still tried'}): there is nothing to decide"
    if _is_older(decision, known.stalled_since):
        return f"it was made before step {step.name} stalled, so it cannot be about this stall; look and decide again"
    if turn.deciding(step) is not None:
        return f"another decision about step {step.name} is being carried out; wait for what becomes of it"
    if decision.spec.action == "Retry":
        return _to_retry(turn, step, known)
    return _to_output(turn, decision) if decision.spec.action == "Complete" else _to_skip(turn, step)


def _is_awaited(turn: Turn, step: Step, known: StepKnowledge) -> bool:
    if turn.direction is Direction.FORWARD:
        return known.outcome is None
    return known.outcome is StepState.SUCCEEDED and step.compensation is not None


def _to_retry(turn: Turn, step: Step, known: StepKnowledge) -> str | None:
    if turn.suspended:
        return "the saga is suspended, so nothing is sent; set spec.suspend to false first"
    if never_runs(known):
        why = known.error.message if known.error is not None else ""
        return f"another attempt cannot help step {step.name}: {why}; only Skip and Complete do"
    return None


def _to_skip(turn: Turn, step: Step) -> str | None:
    if turn.direction is Direction.BACKWARD:
        return None
    if step.pivot:
        return f"step {step.name} is the pivot: what comes after rests on it, so it can only be completed"
    if step.referenced:
        return f"other steps use the output of step {step.name}: Complete it, with the output that they need"
    return None


def _to_output(turn: Turn, decision: SagaDecision) -> str | None:
    output = decision.spec.output or {}
    try:
        size = len(msgspec.json.encode(normalise(output)))
        normalise({"decision": {"output": output}})  # some levels deeper, as in the cancel that carries it
    except NotRepresentable as error:
        return f"the output cannot be stored: {error}"
    limit = turn.before.output_limit
    return f"the output has {size} bytes of JSON; at most {limit} may be stored" if size > limit else None


def _is_older(decision: SagaDecision, moment: float) -> bool:
    """Creation times have whole seconds."""
    return _made(decision) < int(moment) - _CLOCKS_APART


def _made(decision: SagaDecision) -> float:
    return moments.parse(decision.metadata.creation_timestamp)
