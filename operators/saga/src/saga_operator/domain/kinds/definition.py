"""SagaDefinition: a kind of transaction."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from skald_wire.names import MAX_STEPS

from saga_operator.domain.kinds.shared import JSON, Camel, Duration, Metadata, Name, StatusCondition, Strict, Word

_SET = Meta(extra_json_schema={"uniqueItems": True})


class RetryPolicy(Strict, frozen=True):
    """Full jitter, always: a delay is drawn between 0 and min(maxInterval, initialInterval * backoffCoefficient^n)."""

    initial_interval: Duration | None = None
    backoff_coefficient: Annotated[float, Meta(ge=1, le=10)] | None = None
    """What the delay grows by from one attempt to the next."""
    max_interval: Duration | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Counts Failed answers, not silence."""
    non_retryable_errors: Annotated[list[Annotated[str, Meta(max_length=63)]], Meta(max_length=32), _SET] | None = None
    """Codes of failures that no further attempt would cure."""


class Defaults(Strict, frozen=True):
    """For steps that do not say otherwise."""

    timeout: Duration | None = None
    retry_policy: RetryPolicy | None = None


class Compensation(Strict, frozen=True):
    """How a step is undone: a command, or the reason why nothing needs to be."""

    command: Word | None = None
    """Sent to the step's participant."""
    input: dict[str, JSON] | None = None
    """May use the step's own output. Absent: the action's input."""
    none: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Why there is nothing to undo."""
    timeout: Duration | None = None


class Approval(Strict, frozen=True):
    """A step that a person takes, by a SagaDecision."""

    expires_after: Duration | None = None
    on_expiry: Literal["Reject", "Approve"] | None = None
    """What is assumed when nobody has decided in time."""


class Condition(Strict, frozen=True):
    """One clause of ``when``; all must hold. On an absent field it is false."""

    input: Annotated[str, Meta(max_length=253)]
    """A reference, such as $(input.risk)."""
    operator: Literal["In", "NotIn"]
    values: Annotated[list[Annotated[str, Meta(max_length=253)]], Meta(min_length=1, max_length=32)]
    """Compared as text."""


class Step(Strict, frozen=True):
    """One step: a participant's command, or an approval."""

    name: Name
    participant: Word | None = None
    """The service that carries the command out: its queue is commands.PARTICIPANT."""
    command: Word | None = None
    """Goes out with the routing key PARTICIPANT.COMMAND."""
    input: dict[str, JSON] | None = None
    """May hold references: $(input.PATH) and $(steps.NAME.output.PATH). Absent: {}."""
    compensation: Compensation | None = None
    approval: Approval | None = None
    pivot: bool | None = None
    """The point of no return: steps before it can be undone, steps after it are retried until they succeed."""
    depends_on: Annotated[list[Name], Meta(max_length=8), _SET] | None = None
    """Absent: the step listed before. Empty: none."""
    when: Annotated[list[Condition], Meta(max_length=8)] | None = None
    """False: the step is skipped, and the steps that depend on it go on."""
    timeout: Duration | None = None
    retry_policy: RetryPolicy | None = None


class CompensationPolicy(Strict, frozen=True):
    """How backward recovery goes."""

    order: Literal["ReverseDependency", "Sequential"] | None = None
    """ReverseDependency undoes side by side what ran side by side; Sequential one step at a time."""
    on_failure: Literal["Stall", "Continue"] | None = None
    """Stall undoes nothing more until somebody decides; Continue undoes the rest first."""
    retry_policy: RetryPolicy | None = None


class Concurrency(Strict, frozen=True):
    """How many sagas of one definition run at once."""

    max_running: Annotated[int, Meta(ge=1, le=100_000)]
    """The other sagas stay Pending, the oldest is first."""


class SagaDefinitionSpec(Strict, frozen=True):
    """What every saga of this definition does. Immutable."""

    steps: Annotated[list[Step], Meta(min_length=1, max_length=MAX_STEPS)]
    """Side by side as far as dependsOn lets them; the pivot waits for all that is listed before it."""
    input_schema: dict[str, JSON] | None = None
    """JSON Schema that a saga's input must satisfy before its first command."""
    deadline: Duration | None = None
    defaults: Defaults | None = None
    compensation_policy: CompensationPolicy | None = None
    concurrency: Concurrency | None = None


class DefinitionStatus(Camel, frozen=True):
    """Whether the operator accepts the definition, and the hash that its sagas record."""

    hash: str | None = None
    """Of the spec; a saga that began under another one stalls."""
    conditions: list[StatusCondition] = msgspec.field(default_factory=list)


class SagaDefinition(Camel, frozen=True):
    """A kind of transaction."""

    metadata: Metadata
    spec: SagaDefinitionSpec
    status: DefinitionStatus = DefinitionStatus()
