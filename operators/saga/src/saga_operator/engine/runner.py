"""The engine: everything that happens to a saga passes through its mailbox, one event after the other.

watch, replies, confirms, alarms -> mailbox -> ``machine.advance`` -> effects -> bus, checkpointer, herald
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from skald_wire import Direction

from saga_operator.domain import machine
from saga_operator.domain.effects import Announce, AnswerDecision, Effect, Finish, Look, Publish, Store
from saga_operator.domain.events import Event, Reconnected, ReplyArrived, SagaGone, SagaSeen, Woken
from saga_operator.domain.kinds import Saga, SagaDecision, SagaDefinition
from saga_operator.engine.checkpoint import Checkpointer
from saga_operator.engine.crew import Crew
from saga_operator.engine.decisions import Decisions
from saga_operator.engine.definitions import Definitions
from saga_operator.engine.entrance import SPREAD, Entrance
from saga_operator.engine.herald import Herald
from saga_operator.engine.mailbox import Mailboxes
from saga_operator.engine.ports import (
    BusEvent,
    Clock,
    CommandBus,
    DecisionStore,
    DefinitionStore,
    Metrics,
    Reaper,
    Ref,
    SagaStore,
    Tracer,
)
from saga_operator.engine.sweep import Sweeper
from saga_operator.engine.table import LiveSaga, Table
from saga_operator.engine.tally import Tally
from saga_operator.engine.timers import Timers

log = logging.getLogger(__name__)

FAULT_PAUSE: Final = 30.0
"""Seconds until a saga is looked at again whose event could not be processed."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The world, as the composition root has wired it."""

    store: SagaStore
    definitions: DefinitionStore
    decisions: DecisionStore
    bus: CommandBus
    reaper: Reaper
    clock: Clock
    metrics: Metrics
    tracer: Tracer


class Engine:
    """Runs every saga of the namespace. All methods belong to one event loop."""

    def __init__(self, ports: Ports) -> None:
        self._bus = ports.bus
        self._clock = ports.clock
        self._metrics = ports.metrics
        self._table = Table()
        self._mailboxes = Mailboxes(self._advance)
        self._stopping = False
        self._timers = Timers(ports.clock)
        self._definitions = Definitions(
            ports.definitions, ports.clock, changed=self._definition_changed, missing=self._definition_missing
        )
        self._decisions = Decisions(
            ports.decisions,
            ports.store,
            self._table,
            ports.clock,
            post=self._mailboxes.post,
            found=self._found,
        )
        self._entrance = Entrance(
            self._table,
            self._definitions,
            self._timers,
            ports.clock,
            post=self._mailboxes.post,
            opened=self._decisions.saga_moved,
        )
        self.tally = Tally(self._table, self._definitions, ports.clock, ports.metrics, ports.tracer)
        self._herald = Herald(ports.store, ports.bus, ports.reaper, ports.tracer, self._timers, ports.clock)
        self._checkpointer = Checkpointer(
            ports.store,
            self._definitions,
            self._timers,
            ports.clock,
            ports.metrics,
            post=self._mailboxes.post,
            replaced=self._found,
        )
        self._sweeper = Sweeper(ports.store, self._table, self._checkpointer.verify)
        self._crews: tuple[Crew[Any], ...] = (
            self._checkpointer.crew,
            self._herald.announcers,
            self._herald.messengers,
            self._definitions.reader,
            self._definitions.writer,
            self._decisions.reader,
            self._decisions.writer,
        )
        self._sweeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; to be called before kopf starts."""
        for crew in self._crews:
            crew.start()
        self._sweeping = asyncio.create_task(self._sweeper.run(), name="sweeper")

    async def stop(self, seconds: float) -> None:
        """Take no more events, write what is known, end. What ``seconds`` do not suffice for the registers know."""
        self._stopping = True
        self._timers.close()
        self._herald.flush()
        for live in self._table:
            self._checkpointer.flush(live)
        for crew in (self._checkpointer.crew, self._herald.messengers, self._herald.announcers):
            if not await crew.drain(seconds):
                log.warning("stopping with calls under way; nothing is lost by it")
        if self._sweeping is not None:
            self._sweeping.cancel()
        for crew in self._crews:
            await crew.stop()

    async def recover(self, sagas: Iterable[Saga]) -> None:
        """Begin with all that were live already, the oldest first; return when the last one's turn has come."""
        for saga in sorted(sagas, key=lambda saga: saga.metadata.creation_timestamp):
            self.saga_seen(saga, listed=True)
        await asyncio.sleep(self._entrance.crowd_ends - self._clock.now())

    def saga_seen(self, saga: Saga, *, listed: bool = False) -> None:
        """A watch showed it, or a list at the watch's beginning."""
        if listed:
            self._sweeper.ask()
        if self._stopping or saga.status.phase.terminal:
            return
        ref = Ref.of(saga.metadata)
        live = self._table.get(ref)
        if live is not None and live.uid == saga.metadata.uid:
            self._changed(live, saga)
            return
        if not listed and self._table.has_left(saga.metadata.uid):
            return
        if live is not None:
            self._forget(live)
        live = LiveSaga(ref, saga)
        self._table.add(live)
        if listed:
            self._entrance.enter_with_crowd(live)
        else:
            self._entrance.enter(live)

    def saga_deleted(self, ref: Ref, uid: str) -> None:
        """The watch of live sagas lost it: it is terminal (mostly by our own write) or really gone."""
        live = self._table.get(ref)
        if live is not None and live.uid == uid:
            self._checkpointer.verify(live)

    def definition_seen(self, definition: SagaDefinition) -> None:
        """A watch or list showed it."""
        self._definitions.seen(definition)

    def definition_deleted(self, ref: Ref, uid: str) -> None:
        """A watch said that it is gone."""
        self._definitions.deleted(ref, uid)

    def decision_seen(self, decision: SagaDecision) -> None:
        """A watch or list showed one that nobody has answered."""
        self._decisions.seen(decision)

    def decision_deleted(self, decision: SagaDecision) -> None:
        """The watch of unanswered decisions lost it."""
        self._decisions.deleted(decision)

    def deliver(self, ref: Ref, event: BusEvent) -> None:
        """The broker said something about a saga. For one unknown, gone or terminal it is dropped (rule I2)."""
        if self._stopping:
            return
        live = self._table.get(ref)
        if live is None or live.knowledge is None:
            if isinstance(event, ReplyArrived):
                self.tally.dropped("late", ref, event.reply)
        elif not isinstance(event, ReplyArrived) or self.tally.heard(live, event.reply):
            self._mailboxes.post(live, event)

    def reconnected(self) -> None:
        """There is a new reply queue: everything open is sent again, so that answers find it.

        What is not loaded yet is sent when it is, and only then.
        """
        loaded = [live for live in self._table if live.knowledge is not None]
        for live in loaded:
            moment = self._clock.now() + self._clock.jitter() * SPREAD * len(loaded)
            self._timers.at(moment, partial(self._mailboxes.post, live, Reconnected()))

    def _definition_changed(self, ref: Ref) -> None:
        self._entrance.definition_changed(ref)

    def _definition_missing(self, ref: Ref) -> None:
        self._entrance.definition_missing(ref)

    def _found(self, saga: Saga) -> None:
        """A GET showed it. That is the truth (rule I7), also of one that a watch out of step made us leave."""
        self._table.take_back(saga.metadata.uid)
        self.saga_seen(saga)

    def _forget(self, live: LiveSaga) -> None:
        """It is no longer live: terminal, gone or replaced."""
        self._entrance.left(live)
        self._table.remove(live)
        self._decisions.saga_moved(live.ref)

    def _changed(self, live: LiveSaga, saga: Saga) -> None:
        """Pass on only what our own writes did not bring about: a new spec, or another operator's flip."""
        if live.knowledge is None:
            live.saga = saga
            return
        flipped = saga.status.direction is Direction.BACKWARD and live.saga.status.direction is not Direction.BACKWARD
        if flipped or live.generation != saga.metadata.generation:
            live.take_spec(saga)
            self._mailboxes.post(live, SagaSeen(saga, authoritative=False))

    def _advance(self, live: LiveSaga, event: Event) -> None:
        if live.knowledge is None:
            return
        now = self._clock.now()
        definition = self._definitions.get(live.definition)
        try:
            live.knowledge, effects = machine.advance(definition, live.knowledge, event, now, self._clock.jitter())
            for effect in effects:
                self._perform(live, effect)
        except Exception:  # a bug that one saga meets must not stop the others
            log.exception("%s could not be processed", type(event).__name__, extra={"saga": str(live.ref)})
            self._metrics.count("faults", {})
            self._wake_at(live, now + FAULT_PAUSE)
            return
        if live.gone:
            return
        if isinstance(event, SagaGone) or (isinstance(event, SagaSeen) and event.saga.status.phase.terminal):
            self._forget(live)
            return
        self._wake_at(live, live.knowledge.wake_at)

    def _wake_at(self, live: LiveSaga, when: float | None) -> None:
        alarm = live.alarm
        if alarm is not None:
            if alarm.when == when:
                return
            alarm.cancel()
        live.alarm = None if when is None else self._timers.at(when, partial(self._ring, live))

    def _ring(self, live: LiveSaga) -> None:
        live.alarm = None
        self._mailboxes.post(live, Woken())

    def _perform(self, live: LiveSaga, effect: Effect) -> None:
        match effect:
            case Publish(message, expires_after):
                self.tally.sent(live, message)
                self._bus.send(live.ref, message, expires_after=expires_after)
            case Store(urgent):
                self._checkpointer.request(live, urgent=urgent)
            case Announce():
                self._herald.announce(live.saga, effect)
            case Look():
                self._checkpointer.verify(live)
            case AnswerDecision():
                self._decisions.answer(effect, live.saga)
            case Finish():
                self._finish(live)

    def _finish(self, live: LiveSaga) -> None:
        self.tally.finished(live.saga)
        self._forget(live)
        self._herald.finished(live.saga)
