"""Stand-ins for the engine's ports, for what needs no real part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from saga_operator.domain.kinds import Metadata, Phase, Saga, SagaSpec, Status, StepState, StepStatus

UID = "52bd6a7c-0f6b-4b8a-9d55-3b1f3f6f2c77"


class TallyMetrics:
    """Counts into a dictionary."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def count(self, name: str, labels: Mapping[str, str]) -> None:
        self.counts[name, tuple(sorted(labels.items()))] += 1

    def observe(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        self.count(name, labels)

    def gauge(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        self.count(name, labels)


def finished_saga(annotations: Mapping[str, str] | None = None) -> Saga:
    """One that succeeded, with one step."""
    step = StepStatus(
        state=StepState.SUCCEEDED, started_at="2026-01-01T00:00:00.5Z", finished_at="2026-01-01T00:00:01.5Z"
    )
    return Saga(
        metadata=Metadata(name="order-1", namespace="shop", uid=UID, annotations=dict(annotations or {})),
        spec=SagaSpec(definition="place-order-v1"),
        status=Status(
            phase=Phase.SUCCEEDED,
            start_time="2026-01-01T00:00:00Z",
            completion_time="2026-01-01T00:00:02Z",
            steps={"reserve": step},
        ),
    )
