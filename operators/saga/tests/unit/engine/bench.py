"""An engine on doubles, and a way to play a scenario on it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace
from saga_operator.domain.events import ReplyArrived
from saga_operator.domain.kinds import (
    Concurrency,
    Metadata,
    Phase,
    Saga,
    SagaDefinition,
    SagaDefinitionSpec,
    SagaSpec,
    Status,
    Step,
)
from saga_operator.engine.ports import Ref
from saga_operator.engine.runner import Engine, Ports
from skald_wire import Reply, ReplyType

from operators.saga.tests.unit.engine.doubles import (
    MemoryBus,
    MemoryReaper,
    MemoryStore,
    NoTracer,
    StillClock,
    TallyMetrics,
)

HERE = Ref("shop", "order-1")
SHIP = Step(name="ship", participant="shipping", command="ship", pivot=True)
DEFINITION = SagaDefinition(
    metadata=Metadata(name="one", namespace="shop", uid="d", generation=1), spec=SagaDefinitionSpec(steps=[SHIP])
)
ONE_AT_A_TIME = replace(DEFINITION, spec=SagaDefinitionSpec(steps=[SHIP], concurrency=Concurrency(max_running=1)))


class Bench:
    """An engine at work."""

    def __init__(self, definition: SagaDefinition = DEFINITION) -> None:
        self.store = MemoryStore()
        self.bus = MemoryBus()
        self.metrics = TallyMetrics()
        self.clock = StillClock()
        self.reaper = MemoryReaper()
        ports = Ports(self.store, self.store, self.store, self.bus, self.reaper, self.clock, self.metrics, NoTracer())
        self.engine = Engine(ports)
        self.store.definitions[Ref("shop", "one")] = definition

    def create(self, name: str = "order-1", **status: Any) -> Saga:
        """A saga that a watch then shows."""
        saga = self.store_saga(name, **status)
        self.engine.saga_seen(saga)
        return saga

    def store_saga(self, name: str = "order-1", created: int = 0, **status: Any) -> Saga:
        """A saga that nobody has shown to the engine; ``created`` orders several."""
        saga = Saga(
            metadata=Metadata(
                name=name,
                namespace="shop",
                uid=str(uuid.uuid4()),
                resource_version="1",
                generation=1,
                creation_timestamp=f"2100-01-01T00:00:{created:02d}Z",  # so that no deadline passes
            ),
            spec=SagaSpec(definition="one"),
            status=Status(**status),
        )
        self.store.sagas[Ref.of(saga.metadata)] = saga
        return saga

    def sent_for(self) -> list[str]:
        """Names of the sagas whose commands were sent, in order."""
        return [ref.name for ref, _ in self.bus.sent]

    async def until(self, what: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not what():  # noqa: ASYNC110  the engine has no event for a test to wait on
                await asyncio.sleep(0.001)

    async def answer(self, user: str = "shipping", sent: int = 0) -> None:
        """Let the participant succeed."""
        await self.until(lambda: len(self.bus.sent) > sent)
        ref, message = self.bus.sent[sent]
        address = message.address
        reply = Reply(
            command_id=address.command_id,
            type=ReplyType.SUCCEEDED,
            body={},
            saga=address.saga,
            step=address.step,
            direction=address.direction,
            fingerprint=address.fingerprint,
            attempt=message.attempt,
            user_id=user,
        )
        self.engine.deliver(ref, ReplyArrived(reply))

    async def ended(self) -> None:
        await self.until(lambda: self.bus.finished)
        assert self.store.sagas[HERE].status.phase is Phase.SUCCEEDED


@asynccontextmanager
async def bench(definition: SagaDefinition) -> AsyncIterator[Bench]:
    built = Bench(definition)
    built.engine.start()
    yield built
    await built.engine.stop(5)


def run(scenario: Callable[[Bench], Coroutine[Any, Any, None]], definition: SagaDefinition = DEFINITION) -> None:
    """Play a scenario on an engine that knows one definition."""

    async def whole() -> None:
        async with bench(definition) as built:
            await scenario(built)

    asyncio.run(whole())
