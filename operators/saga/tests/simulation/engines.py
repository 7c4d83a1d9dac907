"""Random schedules in which the real engine runs the saga: its mailboxes, timers, checkpointer and herald.

Each process has an event loop of its own, whose time is the schedule's. Participants, broker, people and faults are the
simulator's. The API server's answers take their time, and some never come, whether or not what was asked for was done.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec
from saga_operator.domain.effects import Announce
from saga_operator.domain.events import Event, Reconnected, ReplyArrived
from saga_operator.domain.kinds import DecisionStatus, DefinitionStatus, Saga, SagaDecision, SagaDefinition, Status
from saga_operator.domain.model import compile_definition
from saga_operator.engine.ports import Conflict, Fence, Ref, Unavailable, WriteResult, Written
from saga_operator.engine.runner import Engine, Ports
from saga_operator.simulator import shapes
from saga_operator.simulator.operator import Operator
from saga_operator.simulator.schedule import Result, Schedule
from saga_operator.simulator.server import describe
from saga_operator.simulator.timeline import Timeline
from skald_wire import Cancel, Command

from operators.saga.tests.unit.engine.doubles import NoTracer, TallyMetrics, patched

HERE = Ref("simulated", "saga")
T = TypeVar("T")


class EngineSchedule(Schedule):
    """One schedule, of a definition that the seed draws."""

    def __init__(self, seed: int) -> None:
        notation, source = shapes.draw(random.Random(seed))
        super().__init__(seed, compile_definition(source), operator=partial(EngineOperator, source))
        self.shape = notation

    def _restore(self, snapshot: Saga) -> None:
        """What the runbook says: restored below their feet, operators have to start again."""
        super()._restore(snapshot)
        for operator in self.operators:
            self._crash(operator)

    def run(self) -> Result:
        """Faults, then calm, until the saga has ended; and no process is left."""
        try:
            return super().run()
        finally:
            for operator in self.operators:
                operator.crash()


class EngineOperator(Operator):
    """One process, over its crashes: a crash is the end of an event loop."""

    def __init__(self, source: SagaDefinition, name, definition, timeline, server, network) -> None:
        super().__init__(name, definition, timeline, server, network)
        self._source = source
        self._process: tuple[Loop, Engine] | None = None
        self._shown: dict[str, SagaDecision] = {}

    def start(self, saga: Saga) -> None:
        self._end()
        self._timeline.tell(f"{self.name} starts")
        loop = Loop(self._timeline)
        world = World(self, loop, self._source)
        engine = Engine(Ports(world, world, world, world, world, world, TallyMetrics(), NoTracer()))
        self._process = loop, engine
        loop.turn(engine.start)
        loop.turn(partial(engine.saga_seen, saga, listed=True))
        self._show_decisions(loop, engine)

    def crash(self) -> None:
        self._timeline.tell(f"{self.name} crashes")
        self.crashes += 1
        self._end()

    def _end(self) -> None:
        self.life += 1
        if self._process is not None:
            loop, _ = self._process
            self._process, self._shown = None, {}
            loop.end()

    def watch(self, saga: Saga) -> None:
        """The watch is one of live sagas, and of decisions without an answer: others leave it."""
        if self._process is None:
            return
        loop, engine = self._process
        if saga.status.phase.terminal:
            loop.turn(partial(engine.saga_deleted, HERE, saga.metadata.uid))
        else:
            loop.turn(partial(engine.saga_seen, saga))
        self._show_decisions(loop, engine)

    def _show_decisions(self, loop: Loop, engine: Engine) -> None:
        before, self._shown = self._shown, dict(self._server.decisions)
        for decision in (before[uid] for uid in before if uid not in self._shown):
            loop.turn(partial(engine.decision_deleted, decision))
        for decision in self._shown.values():
            loop.turn(partial(engine.decision_seen, decision))

    def feed(self, event: Event) -> None:
        """What the broker says."""
        if self._process is None:
            return
        loop, engine = self._process
        if isinstance(event, Reconnected):
            loop.turn(engine.reconnected)
            return
        if isinstance(event, ReplyArrived):  # each step is its own participant, and so its own user at the broker
            reply = event.reply
            event = ReplyArrived(dataclasses.replace(reply, user_id=reply.step))
        loop.turn(partial(engine.deliver, HERE, event))


class Loop(asyncio.BaseEventLoop):
    """Does what is ready while the clock stands still; its timers are deeds of the timeline, and there is no I/O."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline
        self._selector = SimpleNamespace(select=lambda _: [])

    def time(self) -> float:
        return self._timeline.now

    def call_at(self, when, callback, *args, context=None) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timeline.at(when, partial(self._ring, timer))
        return timer

    def _ring(self, timer: asyncio.TimerHandle) -> None:
        if not timer.cancelled():
            self.turn(timer._run)

    def turn(self, deed: Callable[[], Any]) -> None:
        """Do it, and all that follows from it at this moment; nothing, once the process has ended."""
        if self.is_closed():
            return
        self.call_soon(deed)
        while self._ready:
            self.stop()
            self.run_forever()

    def end(self) -> None:
        """No task goes on."""
        self.turn(lambda: [task.cancel() for task in asyncio.all_tasks()])
        self.close()

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""


class World:
    """The ports of one process, which never learns what is answered to it after its end."""

    def __init__(self, operator: EngineOperator, loop: Loop, source: SagaDefinition) -> None:
        self._operator = operator
        self._life = operator.life
        self._loop = loop
        self._source = source
        self._server = operator._server
        self._timeline = operator._timeline

    def now(self) -> float:
        return self._timeline.now

    def jitter(self) -> float:
        return self._timeline.chance.random()

    def send(self, saga: Ref, message: Command | Cancel, *, expires_after: float) -> None:
        if self._life == self._operator.life:
            self._operator._network.publish(self._operator, message)

    async def publish_finished(self, saga: Saga) -> None:
        self._timeline.tell(f"{self._operator.name} says that the saga has ended")

    def told(self, saga: Saga) -> None:
        """It is never deleted."""

    async def patch_status(self, ref: Ref, fence: Fence, patch: Mapping[str, Any]) -> WriteResult:
        try:
            saga = await self._ask(partial(self._patch, fence, patch))
        except ConnectionError as error:
            return Unavailable(str(error))
        return Conflict() if saga is None else Written(saga)

    def _patch(self, fence: Fence, patch: Mapping[str, Any]) -> Saga | None:
        present = self._server.saga
        if fence != Fence.of(present.metadata):
            self._timeline.tell(f"{self._operator.name} meets a conflict")
            return None
        status = msgspec.convert(patched(msgspec.to_builtins(present.status), patch), Status)
        self._timeline.tell(f"{self._operator.name} writes {describe(status)}")
        return self._server.patch(present, status)

    async def read(self, ref: Ref) -> Saga | None:
        return await self._ask(lambda: self._server.saga)

    async def live(self) -> list[tuple[Ref, str]]:
        sagas = await self._ask(lambda: [self._timeline.chance.choice(self._server.past[-3:])])
        return [(HERE, saga.metadata.uid) for saga in sagas if not saga.status.phase.terminal]

    async def announce(self, saga: Saga, announcement: Announce) -> None:
        """For people."""

    async def read_definition(self, ref: Ref) -> SagaDefinition | None:
        return await self._ask(lambda: self._source)

    async def write_acceptance(self, definition: SagaDefinition, status: DefinitionStatus) -> None:
        await self._ask(lambda: None)

    async def answer(self, decision: SagaDecision, status: DecisionStatus, saga: Saga | None) -> None:
        await self._ask(partial(self._server.answer, decision, status.state))

    async def _ask(self, question: Callable[[], T]) -> T:
        """Raises ConnectionError, though what was asked for may have been done."""
        answer = self._loop.create_future()
        self._timeline.after(0.001, self._slowness(), partial(self._arrive, question, answer))
        return await answer

    def _arrive(self, question: Callable[[], T], answer: asyncio.Future[T]) -> None:
        """At the server, whether or not who asked still lives."""
        lost = None if self._operator.calm else self._timeline.chance.random()
        outcome = partial(answer.set_exception, ConnectionError("nobody answers"))
        if lost is None or lost > 0.1:
            said = question()
            outcome = outcome if lost is not None and lost > 0.9 else partial(answer.set_result, said)
        self._timeline.after(0.001, self._slowness(), partial(self._loop.turn, outcome))

    def _slowness(self) -> float:
        return 0.02 if self._operator.calm or self._timeline.likely(0.8) else 10.0
