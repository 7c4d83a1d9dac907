"""A definition as the machine runs it: every default applied, times in seconds, sets of steps as bit masks.

``model.compile_definition`` makes it; nothing changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from saga_operator.domain.policy import Retry
from saga_operator.domain.references import Reference, Template
from saga_operator.domain.schema import InputSchema

Reason = Literal["Invalid"]
"""Of condition Accepted=False."""


class DefinitionError(ValueError):
    """The definition cannot run. ``problems`` holds every reason found, one sentence each."""

    def __init__(self, reason: Reason, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.reason: Reason = reason
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """Stands in for a definition that exists and was refused."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Compensation:
    """The command that undoes a step."""

    command: str
    input: Template
    timeout: float


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of ``when``."""

    reference: Reference
    negated: bool
    values: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step. Times in seconds, sets as masks."""

    index: int
    name: str
    participant: str
    command: str
    input: Template
    compensation: Compensation | None
    """None also for ``compensation: {none: why}``: there is nothing to send."""
    approval: bool
    expires_after: float | None
    """Of an approval: how long it waits for a person."""
    expiry_approves: bool
    """Of an approval: what is assumed when nobody has decided in time."""
    pivot: bool
    after_pivot: bool
    when: tuple[Clause, ...]
    timeout: float
    retry: Retry
    needs: int
    """Steps that must be done before this one starts."""
    dependants: int
    """Steps that depend on this one, directly or through others."""
    referenced: bool
    """Another step uses its output."""

    @property
    def bit(self) -> int:
        """The set of this step alone."""
        return 1 << self.index


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """What ``machine`` runs sagas by."""

    name: str
    hash: str
    steps: tuple[Step, ...]
    positions: dict[str, int]
    deadline: float
    """Seconds from the saga's creation."""
    sequential: bool
    """Compensations one at a time, in reverse order of the list."""
    stall_stops: bool
    """A stalled compensation keeps further ones from starting."""
    compensation_retry: Retry
    schema: InputSchema | None
    max_running: int | None
    """Sagas of this definition that one operator runs at once."""
    approvals: int
    """The set of the steps that a person takes."""
    pivot: int
    """The set of the pivot alone, empty when there is none."""
    everything: int
