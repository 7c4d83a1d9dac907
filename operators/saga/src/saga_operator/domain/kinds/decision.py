"""SagaDecision: a person's word on a saga that waits for one."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from saga_operator.domain.kinds.shared import JSON, Camel, Metadata, Name, Strict

Action = Literal["Approve", "Reject", "Retry", "Skip", "Complete", "Abort"]
"""What a person may decide."""


class SagaDecisionSpec(Strict, frozen=True):
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


class DecisionStatus(Camel, frozen=True):
    """What became of a decision."""

    state: Literal["Applied", "Refused"] | None = None
    message: str | None = None
    applied_at: str | None = None


class SagaDecision(Camel, frozen=True):
    """A person's word on a saga that waits for one."""

    metadata: Metadata
    spec: SagaDecisionSpec
    status: DecisionStatus = DecisionStatus()
