"""The three kinds as the API server stores them. ``python -m saga_operator.crds`` generates the CRDs from these types.

Optional fields have no defaults here but None: defaults live in ``model``, never in the stored object or its schema
(rule I1), so that what a stored definition means does not change with the schema. The one exception is the phase
``Pending``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from skald_wire.messages import Direction
from skald_wire.names import MAX_STEPS

JSON = Any
GROUP = "skald.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
ABANDON = "skald.dev/abandon"
"""Annotation that lets a delete of a live saga, or of a definition, through."""
TRACEPARENT = "skald.dev/traceparent"
"""Annotation with the starter's W3C trace context."""

Name = Annotated[str, Meta(max_length=40, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$")]
Word = Annotated[str, Meta(max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$")]
_SET = Meta(extra_json_schema={"uniqueItems": True})
Duration = Annotated[str, Meta(max_length=20, description="a duration such as 200ms, 5s or 10m")]


class _Camel(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    pass


class _Strict(_Camel, frozen=True, forbid_unknown_fields=True):
    pass


class RetryPolicy(_Strict, frozen=True):
    """Full jitter, always: a delay is drawn between 0 and min(maxInterval, initialInterval * backoffCoefficient^n)."""

    initial_interval: Duration | None = None
    backoff_coefficient: Annotated[float, Meta(ge=1, le=10)] | None = None
    """What the delay grows by from one attempt to the next."""
    max_interval: Duration | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Counts Failed answers, not silence."""
    non_retryable_errors: Annotated[list[Annotated[str, Meta(max_length=63)]], Meta(max_length=32), _SET] | None = None
    """Codes of failures that no further attempt would cure."""


class Defaults(_Strict, frozen=True):
    """For steps that do not say otherwise."""

    timeout: Duration | None = None
    retry_policy: RetryPolicy | None = None


class Compensation(_Strict, frozen=True):
    """How a step is undone: a command, or the reason why nothing needs to be."""

    command: Word | None = None
    """Sent to the step's participant."""
    input: dict[str, JSON] | None = None
    """May use the step's own output. Absent: the action's input."""
    none: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Why there is nothing to undo."""
    timeout: Duration | None = None


class Approval(_Strict, frozen=True):
    """A step that a person takes, by a SagaDecision."""

    expires_after: Duration | None = None
    on_expiry: Literal["Reject", "Approve"] | None = None
    """What is assumed when nobody has decided in time."""


class Condition(_Strict, frozen=True):
    """One clause of ``when``; all must hold. On an absent field it is false."""

    input: Annotated[str, Meta(max_length=253)]
    """A reference, such as $(input.risk)."""
    operator: Literal["In", "NotIn"]
    values: Annotated[list[Annotated[str, Meta(max_length=253)]], Meta(min_length=1, max_length=32)]
    """Compared as text."""


class Step(_Strict, frozen=True):
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


class CompensationPolicy(_Strict, frozen=True):
    """How backward recovery goes."""

    order: Literal["ReverseDependency", "Sequential"] | None = None
    """ReverseDependency undoes side by side what ran side by side; Sequential one step at a time."""
    on_failure: Literal["Stall", "Continue"] | None = None
    """Stall undoes nothing more until somebody decides; Continue undoes the rest first."""
    retry_policy: RetryPolicy | None = None


class Concurrency(_Strict, frozen=True):
    """How many sagas of one definition run at once."""

    max_running: Annotated[int, Meta(ge=1, le=100_000)]
    """The other sagas stay Pending, the oldest is first."""


class SagaDefinitionSpec(_Strict, frozen=True):
    """What every saga of this definition does. Immutable."""

    steps: Annotated[list[Step], Meta(min_length=1, max_length=MAX_STEPS)]
    """Side by side as far as dependsOn lets them; the pivot waits for all that is listed before it."""
    input_schema: dict[str, JSON] | None = None
    """JSON Schema that a saga's input must satisfy before its first command."""
    deadline: Duration | None = None
    defaults: Defaults | None = None
    compensation_policy: CompensationPolicy | None = None
    concurrency: Concurrency | None = None


class OwnerReference(_Camel, frozen=True):
    """Only what is used."""

    kind: str
    name: str
    uid: str


class Metadata(_Camel, frozen=True):
    """Only what is used."""

    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    deletion_timestamp: str | None = None
    owner_references: list[OwnerReference] = msgspec.field(default_factory=list)


class StatusCondition(_Camel, frozen=True):
    """As in every Kubernetes API."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int | None = None


class DefinitionStatus(_Camel, frozen=True):
    """Whether the operator accepts the definition, and the hash that its sagas record."""

    hash: str | None = None
    """Of the spec; a saga that began under another one stalls."""
    conditions: list[StatusCondition] = msgspec.field(default_factory=list)


class SagaDefinition(_Camel, frozen=True):
    """A kind of transaction."""

    metadata: Metadata
    spec: SagaDefinitionSpec
    status: DefinitionStatus = DefinitionStatus()


class SagaSpec(_Strict, frozen=True):
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


class StepError(_Camel, frozen=True):
    """A participant's failure code and sentence."""

    code: str
    message: str = ""


class CompensationStatus(_Camel, frozen=True):
    """How a step is being undone."""

    attempts: int | None = None
    failures: int | None = None
    """How many of the attempts were answered Failed."""
    error: StepError | None = None
    """The participant's last failure."""
    started_at: str | None = None
    finished_at: str | None = None


class StepStatus(_Camel, frozen=True):
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


Action = Literal["Approve", "Reject", "Retry", "Skip", "Complete", "Abort"]
"""What a person may decide."""


class AppliedDecision(_Camel, frozen=True):
    """A SagaDecision that was applied: who, when and why."""

    uid: str
    action: Action
    by: str
    at: str
    """When it was made."""
    reason: str = ""
    """At most 300 characters of it."""
    step: str | None = None


class Failure(_Camel, frozen=True):
    """Why the saga went back."""

    step: str
    code: str
    message: str = ""
    attempts: int = 0


class Status(_Camel, frozen=True):
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


class Saga(_Camel, frozen=True):
    """One business transaction over several services."""

    metadata: Metadata
    spec: SagaSpec
    status: Status = Status()

    @property
    def idempotency_key(self) -> str:
        """What command ids are made from (rule I1)."""
        return self.spec.idempotency_key or f"{self.metadata.namespace}/{self.metadata.name}"


class SagaDecisionSpec(_Strict, frozen=True):
    """What a person decided about a saga or one of its steps. Immutable."""

    saga: Annotated[str, Meta(min_length=1, max_length=253)]
    """Name of a Saga in the same namespace."""
    action: Action
    """Approve or Reject an approval; Retry, Skip or Complete a stalled step; Abort the saga as it is."""
    by: Annotated[str, Meta(min_length=1, max_length=253)]
    """Admission demands that it is the user who creates the object."""
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    """For whoever asks later."""
    step: Name | None = None
    """Of every action but Abort."""
    output: dict[str, JSON] | None = None
    """Of Complete only: what the step would have answered."""


class DecisionStatus(_Camel, frozen=True):
    """What became of a decision."""

    state: Literal["Applied", "Refused"] | None = None
    message: str | None = None
    applied_at: str | None = None


class SagaDecision(_Camel, frozen=True):
    """A person's word on a saga that waits for one."""

    metadata: Metadata
    spec: SagaDecisionSpec
    status: DecisionStatus = DecisionStatus()
