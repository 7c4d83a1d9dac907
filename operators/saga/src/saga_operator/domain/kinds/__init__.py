"""The three kinds as the API server stores them. ``python -m saga_operator.crds`` generates the CRDs from these types.

Optional fields have no defaults here but None: defaults live in ``model``, never in the stored object or its schema
(rule I1), so that what a stored definition means does not change with the schema. The one exception is the phase
``Pending``.
"""

from __future__ import annotations

from saga_operator.domain.kinds.decision import Action, DecisionStatus, SagaDecision, SagaDecisionSpec
from saga_operator.domain.kinds.definition import (
    Approval,
    Compensation,
    CompensationPolicy,
    Concurrency,
    Condition,
    Defaults,
    DefinitionStatus,
    RetryPolicy,
    SagaDefinition,
    SagaDefinitionSpec,
    Step,
)
from saga_operator.domain.kinds.saga import (
    AppliedDecision,
    CompensationStatus,
    Failure,
    Phase,
    Saga,
    SagaSpec,
    Status,
    StepError,
    StepState,
    StepStatus,
)
from saga_operator.domain.kinds.shared import (
    API_VERSION,
    GROUP,
    TRACEPARENT,
    VERSION,
    Metadata,
    StatusCondition,
)

__all__ = [
    "API_VERSION",
    "GROUP",
    "TRACEPARENT",
    "VERSION",
    "Action",
    "AppliedDecision",
    "Approval",
    "Compensation",
    "CompensationPolicy",
    "CompensationStatus",
    "Concurrency",
    "Condition",
    "DecisionStatus",
    "Defaults",
    "DefinitionStatus",
    "Failure",
    "Metadata",
    "Phase",
    "RetryPolicy",
    "Saga",
    "SagaDecision",
    "SagaDecisionSpec",
    "SagaDefinition",
    "SagaDefinitionSpec",
    "SagaSpec",
    "Status",
    "StatusCondition",
    "Step",
    "StepError",
    "StepState",
    "StepStatus",
]
