"""What must never happen (S1 to S6), told from what the participants did and what the object ever said."""

from __future__ import annotations

from dataclasses import dataclass

from saga_operator.domain.definition import Definition, Step
from saga_operator.domain.kinds import Phase, Status, StepState


@dataclass(frozen=True, slots=True)
class World:
    """What is true outside of any operator's head. Sets of steps are masks."""

    ran: int = 0
    """Actions that had their effect, ever."""
    undone: int = 0
    """Of these: taken back."""
    flipped: bool = False
    """The direction Backward was ever stored."""
    ended: Phase | None = None
    """The terminal phase that was ever stored."""

    @property
    def in_force(self) -> int:
        """Actions whose effect stands."""
        return self.ran & ~self.undone


def action_ran(world: World, step: Step) -> str | None:
    """The rule that an action's effect breaks, if any. ``world`` is as it was before."""
    if step.bit & world.ran:
        return f"S4: the action of {step.name} had its effect twice"
    if world.ended is not None:
        return f"S1: the action of {step.name} ran after the saga had ended as {world.ended}"
    if world.flipped:
        return f"S3: the action of {step.name} ran after the direction Backward was stored"
    if step.needs & world.undone:
        return f"S5: the action of {step.name} ran on top of an undone step"
    if step.pivot and world.undone:
        return f"S6: the pivot {step.name} ran although something was undone"
    return None


def compensation_ran(definition: Definition, world: World, step: Step) -> str | None:
    """The rule that undoing a step breaks, if any. ``world`` is as it was before."""
    if step.bit & world.undone:
        return f"S4: {step.name} was undone twice"
    if world.ended is not None:
        return f"S1: {step.name} was undone after the saga had ended as {world.ended}"
    if not world.flipped:
        return f"S2: {step.name} was undone before the direction Backward was stored"
    if definition.pivot & world.ran:
        return f"S6: {step.name} was undone although the pivot ran"
    standing = step.dependants & world.in_force
    for other in definition.steps:
        if other.bit & standing and other.compensation is not None:
            return f"S5: {step.name} was undone under {other.name}, which depends on it and stands"
    return None


def stored(definition: Definition, world: World, status: Status) -> str | None:
    """The rule that a stored status breaks, if any. ``world`` is as it was before."""
    if world.ended is not None and status.phase.terminal and status.phase is not world.ended:
        return f"S1: the saga ended as {status.phase} after it had ended as {world.ended}"
    for step in definition.steps:
        stands = bool(step.bit & world.in_force)
        recorded = status.steps.get(step.name)
        skipped = recorded is not None and recorded.state is StepState.SKIPPED
        if status.phase is Phase.SUCCEEDED and not stands and not skipped:
            return f"S1: stored as Succeeded, but {step.name} does not stand"
        if status.phase is Phase.COMPENSATED and stands and step.compensation is not None:
            return f"S1: stored as Compensated, but {step.name} stands"
    return None
