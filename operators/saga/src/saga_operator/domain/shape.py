"""Who waits for whom. Sets of steps are bit masks: bit i stands for the i-th step as listed.

Steps depend on earlier ones only, so the order of the list is an order in which everything can be worked through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saga_operator.domain.kinds import Step


@dataclass(frozen=True, slots=True)
class Shape:
    """The dependencies of a definition's steps, one entry per step."""

    needs: tuple[int, ...]
    """What must be done before the step starts, the barrier of the pivot included."""
    ancestors: tuple[int, ...]
    """What the step depends on, directly or through others."""
    dependants: tuple[int, ...]
    """What depends on the step, directly or through others."""
    pivot: int | None
    """Position of the pivot."""


def members(mask: int) -> Iterator[int]:
    """The positions in a set, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def shape_of(steps: Sequence[Step]) -> Shape:
    """Entries of ``dependsOn`` that are no earlier step are passed over: ``rules`` has named them already."""
    position = {step.name: index for index, step in reversed(list(enumerate(steps)))}
    pivot = next((index for index, step in enumerate(steps) if step.pivot), None)
    needs = tuple(_needs(index, step, position, pivot) for index, step in enumerate(steps))
    ancestors: list[int] = []
    for mask in needs:
        ancestors.append(mask | _union(ancestors[index] for index in members(mask)))
    dependants = tuple(
        _union(1 << later for later in range(len(steps)) if ancestors[later] >> index & 1)
        for index in range(len(steps))
    )
    return Shape(needs, tuple(ancestors), dependants, pivot)


def _needs(index: int, step: Step, position: dict[str, int], pivot: int | None) -> int:
    if step.depends_on is None:
        listed = {index - 1} if index else set()
    else:
        listed = {position[name] for name in step.depends_on if position.get(name, index) < index}
    if pivot is not None and index > pivot:
        listed.add(pivot)
    if index == pivot:  # a barrier by meaning: nothing listed before it may still be running when money moves
        listed.update(range(index))
    return _union(1 << needed for needed in listed)


def _union(masks: Iterator[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result
