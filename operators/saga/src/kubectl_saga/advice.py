"""What a definition may say and its author hardly means: ``lint`` tells it, and nobody refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from saga_operator.domain.definition import Clause, Definition, Step
from saga_operator.domain.kinds import SagaDefinitionSpec
from saga_operator.domain.kinds import Step as StepSpec
from saga_operator.domain.references import Reference


def advice_on(spec: SagaDefinitionSpec, definition: Definition) -> Iterator[str]:
    """One sentence each, which begins with the step. ``definition``: the same, compiled."""
    for step, compiled in zip(spec.steps, definition.steps, strict=True):
        yield from (f"step {step.name}: {sentence}" for sentence in _on_expiry(step))
        yield from (f"step {step.name}: {sentence}" for sentence in _on_skipped(compiled, definition))


def _on_expiry(step: StepSpec) -> Iterator[str]:
    approval = step.approval
    if approval is not None and approval.on_expiry is not None and approval.expires_after is None:
        yield (
            f"onExpiry: {approval.on_expiry} is never assumed, because without expiresAfter only the saga's deadline "
            "ends the approval; add expiresAfter, or remove onExpiry"
        )


def _on_skipped(step: Step, definition: Definition) -> Iterator[str]:
    acting = "this step stalls" if step.after_pivot else "this step fails and the saga goes back"
    undoing = step.compensation.input.references if step.compensation else ()
    # What the action needed too was there, or there would be nothing to undo.
    outcomes = dict.fromkeys(undoing, "its compensation stalls") | dict.fromkeys(step.input.references, acting)
    for reference, outcome in outcomes.items():
        if _may_be_missing(reference, step, definition):
            yield (
                f"{reference} is not there when {reference.step} is skipped by its when, and then {outcome}; "
                "give this step the same when, or refer to a step that always runs"
            )


def _may_be_missing(reference: Reference, step: Step, definition: Definition) -> bool:
    """Whether the step that is named can be skipped while this one is not."""
    if reference.step is None or reference.step == step.name:
        return False
    asked = {clause.reference.step for clause in step.when} - {None}
    if reference.step in asked:
        return False  # on an absent field a clause is false
    others = (definition.steps[definition.positions[name]].when for name in asked if name is not None)
    holds = [*step.when, *chain.from_iterable(others)]
    named = definition.steps[definition.positions[reference.step]]
    return not all(any(_implies(clause, wanted) for clause in holds) for wanted in named.when)


def _implies(clause: Clause, wanted: Clause) -> bool:
    """Whether ``wanted`` holds wherever ``clause`` does, by their values alone."""
    if (clause.reference, clause.negated) != (wanted.reference, wanted.negated):
        return False
    return clause.values >= wanted.values if clause.negated else clause.values <= wanted.values
