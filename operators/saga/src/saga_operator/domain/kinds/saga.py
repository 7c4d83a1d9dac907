"""Saga: one business transaction, and what is known of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta
from skald_wire.messages import Direction

from saga_operator.domain.kinds.decision import Action
from saga_operator.domain.kinds.shared import JSON, Camel, Metadata, StatusCondition, Strict


class SagaSpec(Strict, frozen=True):
    """One business transaction. Immutable but for suspend and cancel."""

    definition: Annotated[str, Meta(min_length=1, max_length=253)]
    """Name of a SagaDefinition in the same namespace."""
    input: dict[str, JSON] = msgspec.field(default_factory=dict)
    """At most 64 KiB. References to what is secret or personal, never the thing itself."""
    idempotency_key: Annotated[str, Meta(min_length=1, max_length=253)] | None = None
    """Default: namespace/name. Outlives the object."""
    suspend: bool | None = None
    """No further action or compensation is sent; replies, cancels and the deadline go on."""
    cancel: bool | None = None
    """Undo what was done, unless the pivot has run. Cannot be taken back."""
    ttl_seconds_after_finished: Annotated[int, Meta(ge=0, le=31_536_000)] | None = None
    """From Succeeded or Compensated until it is deleted. Default: never. One that was Aborted stays all the same."""


class Phase(StrEnum):
    """For people; machines read the conditions."""

    PENDING = "Pending"
    RUNNING = "Running"
    WAITING = "Waiting"
    SUSPENDED = "Suspended"
    COMPENSATING = "Compensating"
    SUCCEEDED = "Succeeded"
    COMPENSATED = "Compensated"
    ABORTED = "Aborted"

    @property
    def terminal(self) -> bool:
        """Whether it never changes again."""
        return self in (Phase.SUCCEEDED, Phase.COMPENSATED, Phase.ABORTED)


class StepState(StrEnum):
    """What is known of a step."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    COMPENSATING = "Compensating"
    COMPENSATED = "Compensated"
    WAIVED = "Waived"


class StepError(Camel, frozen=True):
    """A participant's failure code and sentence."""

    code: str
    message: str = ""


class CompensationStatus(Camel, frozen=True):
    """How a step is being undone."""

    attempts: int | None = None
    failures: int | None = None
    """How many of the attempts were answered Failed."""
    error: StepError | None = None
    """The participant's last failure."""
    started_at: str | None = None
    finished_at: str | None = None


class StepStatus(Camel, frozen=True):
    """One step, as recorded."""

    state: StepState = StepState.PENDING
    attempts: int | None = None
    """How often the action was sent, its cancels included."""
    failures: int | None = None
    """How many of these attempts were answered Failed; maxAttempts counts them."""
    output: dict[str, JSON] | None = None
    """What the participant answered, or what a Complete gave."""
    error: StepError | None = None
    """The participant's last failure, or why the step is dead."""
    started_at: str | None = None
    """First sent; of an approval: since when it waits."""
    finished_at: str | None = None
    compensation: CompensationStatus | None = None
    """Since the saga goes back."""
    stalled_since: str | None = None
    """The step waits for what it cannot bring about; decisions made before are refused."""
    decision: str | None = None
    """uid of the SagaDecision that this state came from (rule I6); more in ``status.decisions``."""


class AppliedDecision(Camel, frozen=True):
    """A SagaDecision that was applied: who, when and why."""

    uid: str
    action: Action
    by: str
    at: str
    """When it was made."""
    reason: str = ""
    """At most 300 characters of it."""
    step: str | None = None


class Failure(Camel, frozen=True):
    """Why the saga went back."""

    step: str
    code: str
    message: str = ""
    attempts: int = 0


class Status(Camel, frozen=True):
    """What is known of a saga. Written only by the operator."""

    phase: Phase = Phase.PENDING
    direction: Direction | None = None
    """Changes once at most, from Forward to Backward. Absent means Forward."""
    progress: str | None = None
    """Steps in force of all steps: grows on the way forward, shrinks on the way back."""
    current_steps: str | None = None
    """Steps whose command, cancel or compensation awaits an answer."""
    attempts: int | None = None
    """Sum over the steps."""
    reason: str | None = None
    """Failure code or stall reason, for the REASON column."""
    duration: str | None = None
    """From start to completion."""
    definition_hash: str | None = None
    """Of the definition that the saga began under."""
    start_time: str | None = None
    completion_time: str | None = None
    failure: Failure | None = None
    steps: dict[str, StepStatus] = msgspec.field(default_factory=dict)
    """By name."""
    decisions: list[AppliedDecision] = msgspec.field(default_factory=list)
    """What people decided, in the order in which it was applied; the last 20."""
    conditions: list[StatusCondition] = msgspec.field(default_factory=list)


class Saga(Camel, frozen=True):
    """One business transaction over several services."""

    metadata: Metadata
    spec: SagaSpec
    status: Status = Status()

    @property
    def idempotency_key(self) -> str:
        """What command ids are made from (rule I1)."""
        return self.spec.idempotency_key or f"{self.metadata.namespace}/{self.metadata.name}"
