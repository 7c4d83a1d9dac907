"""Stand-ins for the engine's ports, for what needs no real part."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from saga_operator.domain.effects import Announce
from saga_operator.domain.kinds import (
    DecisionStatus,
    DefinitionStatus,
    Metadata,
    Phase,
    Saga,
    SagaDecision,
    SagaDefinition,
    SagaSpec,
    Status,
    StepState,
    StepStatus,
)
from saga_operator.engine.ports import Conflict, Fence, Missing, Ref, WriteResult, Written
from skald_wire import Cancel, Command, Reply

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


class StillClock:
    """Real time, no chance."""

    def now(self) -> float:
        return time.time()

    def jitter(self) -> float:
        return 0.0


class MemoryStore:
    """An API server of a few dictionaries; ``script`` says what the next writes answer instead of taking."""

    def __init__(self) -> None:
        self.sagas: dict[Ref, Saga] = {}
        self.definitions: dict[Ref, SagaDefinition] = {}
        self.patches: list[dict[str, Any]] = []
        self.script: list[WriteResult] = []
        self.announced: list[Announce] = []
        self.answers: dict[str, tuple[DecisionStatus, str | None]] = {}
        """By the decision's uid: the answer, and the uid of the saga that owns the decision now."""
        self.outages = 0
        """Calls that raise before one is answered."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0
        self.most_under_way = 0

    async def patch_status(self, ref: Ref, fence: Fence, patch: Mapping[str, Any]) -> WriteResult:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.gate.wait()
        self.under_way -= 1
        saga = self.sagas.get(ref)
        if self.script:
            return self.script.pop(0)
        if saga is None:
            return Missing()
        if Fence.of(saga.metadata) != fence:
            return Conflict()
        self.patches.append(dict(patch))
        return Written(self.store(saga, patch))

    def store(self, saga: Saga, patch: Mapping[str, Any]) -> Saga:
        status = msgspec.convert(patched(msgspec.to_builtins(saga.status), patch), Status)
        version = str(int(saga.metadata.resource_version) + 1)
        self.sagas[Ref.of(saga.metadata)] = stored = replace(
            saga, status=status, metadata=replace(saga.metadata, resource_version=version)
        )
        return stored

    async def read(self, ref: Ref) -> Saga | None:
        return self.sagas.get(ref)

    async def live(self) -> list[tuple[Ref, str]]:
        return [(ref, saga.metadata.uid) for ref, saga in self.sagas.items() if not saga.status.phase.terminal]

    async def announce(self, saga: Saga, announcement: Announce) -> None:
        self.announced.append(announcement)

    async def read_definition(self, ref: Ref) -> SagaDefinition | None:
        return self.definitions.get(ref)

    async def write_acceptance(self, definition: SagaDefinition, status: DefinitionStatus) -> None:
        self.definitions[Ref.of(definition.metadata)] = replace(definition, status=status)

    async def answer(self, decision: SagaDecision, status: DecisionStatus, saga: Saga | None) -> None:
        if self.outages:
            self.outages -= 1
            raise ConnectionError("nobody answers")
        self.answers[decision.metadata.uid] = (status, None if saga is None else saga.metadata.uid)


def patched(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), value)
    return result


class MemoryBus:
    """Keeps what is sent; answers only when told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[Ref, Command | Cancel]] = []
        self.finished: list[Saga] = []

    def send(self, saga: Ref, message: Command | Cancel, *, expires_after: float) -> None:
        self.sent.append((saga, message))

    async def publish_finished(self, saga: Saga) -> None:
        self.finished.append(saga)


class MemoryReaper:
    """Keeps whom it was told of."""

    def __init__(self) -> None:
        self.ended: list[Saga] = []

    def told(self, saga: Saga) -> None:
        self.ended.append(saga)


class NoTracer:
    def sent(self, saga: Ref, message: Command | Cancel, now: float) -> None:
        """Nothing."""

    def answered(self, saga: Ref, reply: Reply, now: float) -> None:
        """Nothing."""

    def record(self, saga: Saga) -> None:
        """Nothing."""
