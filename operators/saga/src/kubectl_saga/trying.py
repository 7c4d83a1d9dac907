"""A definition run through everything that can go wrong, by the operator's own simulator.

Two ways. Every schedule of its shape, breadth first: the steps and what they wait for, the pivot, the approvals,
without clocks. And random schedules of the definition itself, with its retries, deadline and conditions: several
operators, crashes, messages lost, repeated and late, etcd restored from a snapshot, people who decide this and that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from saga_operator.domain.definition import Definition, Step
from saga_operator.domain.kinds import (
    Approval,
    Compensation,
    CompensationPolicy,
    Defaults,
    Metadata,
    RetryPolicy,
    SagaDefinition,
    SagaDefinitionSpec,
)
from saga_operator.domain.kinds import Step as StepSpec
from saga_operator.domain.model import compile_definition
from saga_operator.domain.shape import members
from saga_operator.simulator.explore import Bounds, Explorer, Report
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.trial import Trial, try_definition


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried with one definition, and what was found."""

    definition: Definition
    explored: Report
    drawn: Trial

    @property
    def violations(self) -> int:
        """Of both ways."""
        return len(self.explored.violations) + len(self.drawn.violations)


def try_all(definition: Definition, states: int, seeds: range, on_progress: Callable[[Trial], None]) -> Tried:
    """``states``: where exploring stops. ``on_progress`` is told after each random schedule."""
    return Tried(definition, _explore(definition, states), try_definition(definition, seeds, on_progress))


def _explore(definition: Definition, states: int) -> Report:
    explorer = Explorer(_shape_of(definition), RegisterKeeper(), Bounds(states=states))
    report = explorer.run()
    explorer.run_on(report)
    return report


def _shape_of(definition: Definition) -> Definition:
    """The same steps, with inputs and outputs that the simulator knows, and so quick that any number has time."""
    policy = CompensationPolicy(
        order="Sequential" if definition.sequential else "ReverseDependency",
        on_failure="Stall" if definition.stall_stops else "Continue",
    )
    steps = [_stand_in(step, definition) for step in definition.steps]
    quick = Defaults(timeout="1s", retry_policy=RetryPolicy(max_attempts=1))
    spec = SagaDefinitionSpec(steps=steps, compensation_policy=policy, defaults=quick)
    return compile_definition(SagaDefinition(metadata=Metadata(name=definition.name, namespace="simulated"), spec=spec))


def _stand_in(step: Step, definition: Definition) -> StepSpec:
    needed = [definition.steps[index] for index in members(step.needs)]
    depends_on = [each.name for each in needed]
    if step.approval:
        return StepSpec(name=step.name, approval=Approval(), depends_on=depends_on)
    undo = Compensation(command="undo", input={"of": f"$(steps.{step.name}.output.of)"})
    kept = Compensation(none="there is nothing to undo")
    undone = None if step.pivot or step.after_pivot else kept if step.compensation is None else undo
    refers_to = {each.name: f"$(steps.{each.name}.output.of)" for each in needed if not each.approval}
    return StepSpec(
        name=step.name,
        participant=step.name,
        command="do",
        input={"order": "$(input.order)", **refers_to},
        depends_on=depends_on,
        pivot=step.pivot or None,
        compensation=undone,
    )
