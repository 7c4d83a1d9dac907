"""What must never happen (S1 to S9), told from what the participants did and what the object ever said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skald_wire import Direction, fingerprint

from saga_operator.domain.definition import Definition, Step
from saga_operator.domain.kinds import Phase, Saga, Status, StepState, StepStatus


@dataclass(frozen=True, slots=True)
class World:
    """What is true outside of any operator's head. Sets of steps are masks."""

    ran: int = 0
    """Actions that had their effect, ever."""
    undone: int = 0
    """Of these: taken back."""
    spared: int = 0
    """Steps whose compensation is dead at the participant: a person took it over."""
    flipped: bool = False
    """The direction Backward was ever stored."""
    ended: Phase | None = None
    """The terminal phase that was ever stored; Aborted promises nothing."""
    approved: int = 0
    """Approvals that a person, or the definition by its expiry, ever gave."""
    decided: int = 0
    """Steps that were ever stored as skipped or completed by a decision."""
    waived: int = 0
    """Steps that were ever stored as waived, or undone by hand."""

    @property
    def in_force(self) -> int:
        """Actions whose effect stands."""
        return self.ran & ~self.undone


def given_by_expiry(definition: Definition) -> int:
    """The approvals that the definition itself gives when nobody has decided in time."""
    return sum(step.bit for step in definition.steps if step.approval and step.expiry_approves)


def action_ran(definition: Definition, world: World, step: Step) -> str | None:
    """The rule that an action's effect breaks, if any. ``world`` is as it was before."""
    unapproved = [other for other in definition.steps if other.bit & definition.approvals & ~world.approved]
    broken = {
        f"S4: the action of {step.name} had its effect twice": step.bit & world.ran,
        f"S8: the action of {step.name} ran after a decision in its place": step.bit & world.decided,
        f"S1: the action of {step.name} ran after the saga had ended as {world.ended}": world.ended is not None,
        f"S3: the action of {step.name} ran after the direction Backward was stored": world.flipped,
        f"S5: the action of {step.name} ran on top of an undone step": step.needs & world.undone,
        f"S6: the pivot {step.name} ran although something was undone": step.pivot and world.undone,
        f"S9: {step.name} ran behind an approval that nobody gave": any(
            other.dependants & step.bit and not other.when for other in unapproved
        ),
    }
    return next((sentence for sentence, holds in broken.items() if holds), None)


def compensation_ran(definition: Definition, world: World, step: Step) -> str | None:
    """The rule that undoing a step breaks, if any. ``world`` is as it was before."""
    standing = step.dependants & world.in_force & ~world.spared & ~world.waived
    over = [other.name for other in definition.steps if other.bit & standing and other.compensation is not None]
    broken = {
        f"S4: {step.name} was undone twice": step.bit & world.undone,
        f"S8: {step.name} was undone after a decision in its place": step.bit & world.waived,
        f"S1: {step.name} was undone after the saga had ended as {world.ended}": world.ended is not None,
        f"S2: {step.name} was undone before the direction Backward was stored": not world.flipped,
        f"S6: {step.name} was undone although the pivot ran": definition.pivot & world.ran,
        f"S5: {step.name} was undone under {', '.join(over)}, which depends on it and stands": over,
    }
    return next((sentence for sentence, holds in broken.items() if holds), None)


def stored(definition: Definition, world: World, before: Status, status: Status) -> str | None:
    """The rule that a stored status breaks, if any. ``world`` is as it was before."""
    if before.phase.terminal:
        return f"I7: a write changes the saga after it has ended as {before.phase}"
    if before.direction is Direction.BACKWARD and status.direction is not Direction.BACKWARD:
        return "I7: a write turns the direction from Backward to Forward"
    if status.phase is Phase.ABORTED or not status.phase.terminal:
        return None
    if world.ended not in (None, status.phase):
        return f"S1: the saga ended as {status.phase} after it had ended as {world.ended}"
    for step in definition.steps:
        problem = _is_unfinished(world, step, status.steps.get(step.name, StepStatus()), status.phase)
        if problem is not None:
            return f"S1: stored as {status.phase}, but {step.name} {problem}"
    return None


def content(definition: Definition, ran: Mapping[str, str], saga: Saga, status: Status) -> str | None:
    """Whether what the saga counts as done was done for another content. ``ran``: by step, what had its effect."""
    if status.phase is not Phase.SUCCEEDED:
        return None
    outputs = {name: step.output for name, step in status.steps.items()}
    for step in definition.steps:
        if step.name in ran and status.steps[step.name].state is StepState.SUCCEEDED:
            wanted = step.input.resolve(saga.spec.input, outputs.get)
            if ran[step.name] != fingerprint(definition.name, step.name, step.command, wanted):
                return f"S1: stored as Succeeded, but {step.name} was done with another input"
    return None


def _is_unfinished(world: World, step: Step, recorded: StepStatus, phase: Phase) -> str | None:
    stands = bool(step.bit & world.in_force)
    if phase is Phase.SUCCEEDED:
        by_other_means = step.approval or recorded.state in (StepState.SKIPPED, StepState.COMPLETED)
        return None if stands or by_other_means else "does not stand"
    left_by_decision = recorded.state is StepState.WAIVED or recorded.decision is not None
    return "stands" if stands and step.compensation is not None and not left_by_decision else None


def after_stored(definition: Definition, world: World, status: Status) -> World:
    """What was stored can never be said not to have been."""
    decided, waived = world.decided, world.waived
    for step in definition.steps:
        recorded = status.steps.get(step.name)
        if recorded is None or recorded.decision is None or step.approval:
            continue
        if recorded.state in (StepState.SKIPPED, StepState.COMPLETED):
            decided |= step.bit
        elif recorded.state in (StepState.WAIVED, StepState.COMPENSATED):
            waived |= step.bit
    ends = status.phase.terminal and status.phase is not Phase.ABORTED
    return replace(
        world,
        flipped=world.flipped or status.direction is Direction.BACKWARD,
        ended=status.phase if ends else world.ended,
        decided=decided,
        waived=waived,
    )
