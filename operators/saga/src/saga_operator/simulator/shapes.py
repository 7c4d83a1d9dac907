"""Definitions to try: small shapes that are explored whole, and random ones.

Notation: one word per step, ``name`` + ``!`` for the pivot, ``~`` for a step without compensation or ``?`` for an
approval + ``:a,b`` for what it depends on (absent: the step before it). ``a b: c!:a,b d`` is a fork, joined by the
pivot, and a step after it.
"""

from __future__ import annotations

import random
import re
from typing import Any, Final, Literal

from saga_operator.domain.definition import Definition, DefinitionError
from saga_operator.domain.kinds import (
    Action,
    Approval,
    Compensation,
    CompensationPolicy,
    Condition,
    Metadata,
    RetryPolicy,
    Saga,
    SagaDecision,
    SagaDecisionSpec,
    SagaDefinition,
    SagaDefinitionSpec,
    SagaSpec,
    Step,
)
from saga_operator.domain.model import compile_definition
from saga_operator.domain.moments import show

BEGIN: Final = 1_700_000_000.0
"""Unix seconds at which every simulated saga is created."""
SMALL: Final = {
    "chain2": "a b",
    "chain2-pivot1": "a! b",
    "chain2-pivot2": "a b!",
    "chain3": "a b c",
    "chain3-pivot1": "a! b c",
    "chain3-pivot2": "a b! c",
    "chain3-pivot3": "a b c!",
    "chain3-none2": "a b~ c",
    "fork": "a b: c:a",
    "fork-join": "a b: c:a,b",
    "fork-join-pivot": "a b: c!:a,b",
    "approval-first": "r? a b",
    "approval-pivot": "a r? b!",
    "approval-beside": "a b: r?:a c:r",
}
"""Shapes of two and three steps: chains, forks and joins, the pivot at each place, and approvals."""
_WORD: Final = re.compile(r"([a-z][a-z0-9]*)([!~?]?)(?::((?:[a-z0-9]+(?:,[a-z0-9]+)*)?))?")
_ON_EXPIRY: Final[tuple[Literal["Reject", "Approve"], ...]] = ("Reject", "Approve")
_NEVER: Final = [Condition(input="$(input.risk)", operator="In", values=["high"])]


def definition_of(
    notation: str,
    policy: CompensationPolicy | None = None,
    skipped: tuple[str, ...] = (),
    approval: Approval | None = None,
) -> Definition:
    """The definition that the notation describes; every approval like the one given. Raises ValueError."""
    return compile_definition(_written(notation, policy, skipped, approval))


def _written(
    notation: str,
    policy: CompensationPolicy | None,
    skipped: tuple[str, ...],
    approval: Approval | None,
) -> SagaDefinition:
    steps: list[Step] = []
    for word in notation.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no step; write name, then !, ~ or ?, then :dependencies")
        name, mark, needed = match.groups()
        listed = [steps[-1].name] if needed is None and steps else (needed or "").split(",") if needed else []
        after_pivot = any(step.pivot for step in steps)
        if mark == "?":
            steps.append(Step(name=name, approval=approval or Approval(), depends_on=listed))
            continue
        silent = (*skipped, *(step.name for step in steps if step.approval is not None))
        steps.append(_step(name, mark, listed, after_pivot=after_pivot, skipped=silent))
    spec = SagaDefinitionSpec(steps=steps, compensation_policy=policy)
    return SagaDefinition(metadata=Metadata(name="simulated", namespace="simulated"), spec=spec)


def _step(name: str, mark: str, needed: list[str], *, after_pivot: bool, skipped: tuple[str, ...]) -> Step:
    """Each step is its own participant, and needs the outputs of the steps before it to compute its input."""
    compensation = Compensation(command="undo", input={"of": f"$(steps.{name}.output.of)"})
    if mark == "~":
        compensation = Compensation(none="there is nothing to undo")
    return Step(
        name=name,
        participant=name,
        command="do",
        input={"order": "$(input.order)"}
        | {each: f"$(steps.{each}.output.of)" for each in needed if each not in skipped},
        depends_on=needed,
        pivot=True if mark == "!" else None,
        compensation=None if mark == "!" or after_pivot else compensation,
        when=_NEVER if name in skipped else None,
    )


def saga_of(definition: Definition, saga_input: dict[str, Any] | None = None) -> Saga:
    """A saga as it is when it was just created."""
    metadata = Metadata(
        name="saga", namespace="simulated", uid="uid-1", resource_version="1", creation_timestamp=show(BEGIN)
    )
    return Saga(metadata=metadata, spec=SagaSpec(definition=definition.name, input=saga_input or {"order": "o-1"}))


def decision_of(action: Action, step: str | None, made: float, output: dict[str, Any] | None, uid: str) -> SagaDecision:
    """A SagaDecision as the API server stores it. ``made``: Unix seconds; ``output``: of a Complete."""
    metadata = Metadata(name="decision", namespace="simulated", uid=uid, creation_timestamp=show(made))
    spec = SagaDecisionSpec(saga="saga", action=action, step=step, by="a person", reason="simulated", output=output)
    return SagaDecision(metadata=metadata, spec=spec)


def draw(chance: random.Random) -> tuple[str, SagaDefinition]:
    """An acceptable definition of up to seven steps, and its notation."""
    while True:
        notation, names = _draw_notation(chance)
        skipped = tuple(name for name in names if chance.random() < 0.1)
        policy = CompensationPolicy(
            order=chance.choice(["ReverseDependency", "Sequential"]),
            on_failure=chance.choice(["Stall", "Continue"]),
            retry_policy=RetryPolicy(initial_interval="500ms", max_interval="60s"),
        )
        approval = chance.choice([Approval(), Approval(expires_after="2m", on_expiry=chance.choice(_ON_EXPIRY))])
        drawn = _written(notation, policy, skipped, approval)
        try:
            compile_definition(drawn)
        except DefinitionError:
            continue  # such as an approval with nothing behind it
        return notation, drawn


def _draw_notation(chance: random.Random) -> tuple[str, list[str]]:
    size = chance.randint(2, 7)
    pivot = chance.choice([None, *range(size)])
    words, names = [], [chr(ord("a") + index) for index in range(size)]
    for index, name in enumerate(names):
        may_go_back = pivot is None or index < pivot
        mark = "!" if index == pivot else chance.choice(["~", "?", *[""] * 8]) if may_go_back else ""
        needed = sorted(chance.sample(names[:index], chance.randint(0, min(index, 3))))
        words.append(f"{name}{mark}" if chance.random() < 0.4 else f"{name}{mark}:{','.join(needed)}")
    return " ".join(words), names
