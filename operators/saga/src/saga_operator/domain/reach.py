"""How far a saga has come: which conditions hold, and what lies open behind approvals that are still pending."""

from __future__ import annotations

from saga_operator.domain.definition import Clause, Step
from saga_operator.domain.references import Unresolvable, as_text
from saga_operator.domain.turn import Turn


def holds(turn: Turn, step: Step) -> bool:
    """Whether the step is to be taken at all (``when``). What it refers to must be known."""
    return all(_holds(turn, clause) for clause in step.when)


def passed(turn: Turn) -> int:
    """The steps that some operator may have gone past: those done, and pending approvals that they reach.

    A pending approval hides nothing (I4), because another operator may have seen it given. That one then also skips
    what its ``when`` tells it to.
    """
    found = turn.done()
    if not turn.definition.approvals & ~found:
        return found
    for step in turn.definition.steps:
        reached = turn.known(step).outcome is None and not step.needs & ~found
        if reached and (step.approval or not holds(turn, step)):
            found |= step.bit
    return found


def _holds(turn: Turn, clause: Clause) -> bool:
    try:
        text = as_text(clause.reference, turn.saga.spec.input, turn.output_of)
    except Unresolvable:
        return False
    return (text in clause.values) is not clause.negated
