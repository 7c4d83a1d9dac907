"""Many random schedules of one definition, or of drawn ones: what was tried, and what broke.

``kubectl saga simulate`` runs a user's definition through it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from saga_operator.domain.definition import Definition
from saga_operator.simulator.schedule import Result, Schedule


@dataclass(slots=True)
class Trial:
    """What was tried so far."""

    schedules: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Messages, lost and repeated ones, effects, writes, faults, decisions: over all schedules."""
    phases: Counter[str] = field(default_factory=Counter)
    """How the sagas ended."""
    violations: list[Result] = field(default_factory=list)
    """The schedules that broke a property."""

    def add(self, result: Result) -> None:
        """One more schedule was run."""
        self.schedules += 1
        self.counts.update(result.counts)
        self.phases[result.phase] += 1
        if result.violation is not None:
            self.violations.append(result)


def try_definition(
    definition: Definition | None, seeds: Iterable[int], on_progress: Callable[[Trial], None] | None = None
) -> Trial:
    """Run one schedule per seed; None: of a definition that the seed draws. ``on_progress`` is told after each."""
    trial = Trial()
    for seed in seeds:
        trial.add(replay(definition, seed))
        if on_progress is not None:
            on_progress(trial)
    return trial


def replay(definition: Definition | None, seed: int) -> Result:
    """The schedule of a seed, again and exactly: its record tells it line by line."""
    return Schedule(seed, definition).run()
