"""What makes a set of steps a transaction. Admission refuses most of this already; the operator does not rely on it.

Every function yields one sentence per problem, with the step's name, so that one look at the condition is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from skald_wire.names import MAX_STEPS

from saga_operator.domain.kinds import SagaDefinitionSpec, Step
from saga_operator.domain.shape import Shape


def problems_of(spec: SagaDefinitionSpec, shape: Shape) -> Iterator[str]:
    """Everything that is wrong with the steps and how they hang together."""
    steps = spec.steps
    yield from _list_of_steps(steps)
    for index, step in enumerate(steps):
        yield from (f"step {step.name}: {problem}" for problem in _one_step(step))
        yield from (f"step {step.name}: {problem}" for problem in _depends_on(index, step, steps))
        yield from (f"step {step.name}: {problem}" for problem in _around_the_pivot(index, step, shape))
        if step.approval is not None:
            yield from (f"step {step.name}: {problem}" for problem in _approval(index, steps, shape))
    policy = spec.compensation_policy
    if policy and policy.retry_policy and policy.retry_policy.max_attempts is not None:
        yield "compensationPolicy.retryPolicy: compensations never give up by themselves, so no maxAttempts; remove it"


def _list_of_steps(steps: Sequence[Step]) -> Iterator[str]:
    if not steps:
        yield "steps: there must be at least one"
    if len(steps) > MAX_STEPS:
        yield f"steps: there may be at most {MAX_STEPS}, found {len(steps)}"
    for name, times in Counter(step.name for step in steps).items():
        if times > 1:
            yield f"steps: the name {name} is given to {times} steps; give each its own"
    pivots = [step.name for step in steps if step.pivot]
    if len(pivots) > 1:
        marked = ", ".join(pivots)
        yield f"steps: at most one may be the pivot, found {marked}; mark the one after which there is no way back"


def _one_step(step: Step) -> Iterator[str]:
    if (step.command is None) == (step.approval is None):
        yield "needs either a command or an approval; give it exactly one of the two"
    if step.command is not None and step.participant is None:
        yield "needs a participant for its command; name the service that carries it out"
    if step.approval is not None:
        unfit = {
            "participant": step.participant,
            "input": step.input,
            "compensation": step.compensation,
            "pivot": step.pivot or None,
            "timeout": step.timeout,
            "retryPolicy": step.retry_policy,
        }
        for field, value in unfit.items():
            if value is not None:
                yield f"is an approval, which a person takes, so it has no {field}; remove it"
    if step.compensation is None:
        return
    if (step.compensation.command is None) == (step.compensation.none is None):
        yield "compensation needs either a command or the reason why there is none (none: ...)"
    if step.compensation.none is not None:
        unfit = {"input": step.compensation.input, "timeout": step.compensation.timeout}
        yield from (
            f"compensation is none, so it takes no {field}; remove it" for field in unfit if unfit[field] is not None
        )


def _depends_on(index: int, step: Step, steps: Sequence[Step]) -> Iterator[str]:
    position = {other.name: place for place, other in enumerate(steps)}
    for name, times in Counter(step.depends_on or ()).items():
        if times > 1:
            yield f"dependsOn names {name} {times} times; once is enough"
        if name == step.name:
            yield "dependsOn names the step itself; remove the name"
        elif name not in position:
            yield f"dependsOn names {name}, and there is no such step; correct the name"
        elif position[name] > index:
            yield f"dependsOn names {name}, which is listed after it; list {name} first"


def _around_the_pivot(index: int, step: Step, shape: Shape) -> Iterator[str]:
    if shape.pivot is None or index < shape.pivot:
        if step.approval is None and step.compensation is None:
            yield "needs a compensation, or compensation: {none: why}, because the saga may still go back after it"
        return
    if index == shape.pivot:
        if step.compensation is not None:
            yield "is the pivot, so it has no compensation; remove one of the two"
        return
    if step.approval is not None:
        yield "is an approval after the pivot, where nobody can refuse any more; list it before the pivot"
    if step.compensation is not None:
        yield (
            "stands after the pivot, where the saga only goes forward, so it has no compensation; "
            "remove it, or list the step before the pivot"
        )
    if step.retry_policy and step.retry_policy.max_attempts is not None:
        yield "stands after the pivot, where it is retried until it succeeds, so no maxAttempts; remove it"


def _approval(index: int, steps: Sequence[Step], shape: Shape) -> Iterator[str]:
    behind = [other for place, other in enumerate(steps) if shape.dependants[index] >> place & 1]
    if all(other.approval is not None for other in behind):
        yield (
            "is an approval with no participant's step behind it, so it would decide nothing; "
            "name it in the dependsOn of the step that it guards"
        )
    if shape.pivot is not None and steps[shape.pivot].when is not None:
        # Were it refused, nothing that can be taken back would stand between it and the steps after the pivot.
        yield (
            f"is an approval before the pivot {steps[shape.pivot].name}, which may be skipped; "
            "take the pivot's when out, or put it on a step of its own"
        )
