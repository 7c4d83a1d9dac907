"""An operator of one schedule: does what the engine does around the machine, and may crash at any moment."""

from __future__ import annotations

from functools import partial
from typing import Final, Protocol

from skald_wire import Cancel, Command, Reply

from saga_operator.domain.definition import Definition
from saga_operator.domain.effects import AnswerDecision, Effect, Finish, Look, Publish, Store
from saga_operator.domain.events import DecisionMade, Event, ReplyArrived, SagaSeen, Stored, Woken
from saga_operator.domain.kinds import Saga, Status
from saga_operator.domain.machine import Knowledge, advance, open_saga, render
from saga_operator.simulator.server import Server, describe
from saga_operator.simulator.timeline import Timeline

CHECKPOINT: Final = 0.5


class Network(Protocol):
    """Where commands go."""

    def publish(self, sender: Operator, message: Command | Cancel) -> None:
        """Send it; what became of that is told to ``feed``."""


class Operator:
    """One process, over its crashes. What was meant for an earlier life, or an earlier connection, is lost."""

    def __init__(self, name: str, definition: Definition, timeline: Timeline, server: Server, network: Network) -> None:
        self.name = name
        self.life = 0
        self.connection = 0
        self.crashes = 0
        self.calm = False
        """No answer is lost any more."""
        self._definition = definition
        self._timeline = timeline
        self._server = server
        self._network = network
        self._knowledge: Knowledge | None = None
        self._seen: Saga | None = None
        """The object whose version fences the next write."""
        self._writing = False
        self._owed: bool | None = None
        """A write that is asked for; True: urgent."""

    def start(self, saga: Saga) -> None:
        """Find the object, in a list that may be stale."""
        self._timeline.tell(f"{self.name} starts and sees {describe(saga.status)}")
        self._open(saga)

    def crash(self) -> None:
        """Lose everything that is in memory."""
        self._timeline.tell(f"{self.name} crashes")
        self.crashes += 1
        self.life += 1
        self._knowledge = self._seen = None

    def watch(self, saga: Saga) -> None:
        """A watch event, which may be old."""
        if self._knowledge is None:
            if not saga.status.phase.terminal and saga.metadata.uid == self._server.saga.metadata.uid:
                self._open(saga)
        elif saga.metadata.uid != self._knowledge.saga.metadata.uid:
            self._knowledge = None
            self._open(saga)
        elif saga.status.phase.terminal:
            self._timeline.after(0.001, 1.0, partial(self._look, self.life))  # the watch of live sagas lost it
        else:
            self.feed(SagaSeen(saga, authoritative=False))
        for decision in list(self._server.decisions.values()):
            self.feed(DecisionMade(decision))

    def feed(self, event: Event) -> None:
        """One event through the machine, and its effects."""
        if self._knowledge is None:
            return
        now, jitter = self._timeline.now, self._timeline.chance.random()
        self._knowledge, effects = advance(self._definition, self._knowledge, event, now, jitter)
        for effect in effects:
            self._perform(effect)
        self._set_alarm()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Publish(message):
                self._network.publish(self, message)
            case Store(urgent):
                self._owe(urgent=urgent)
            case Look():
                self._timeline.after(0.001, 1.0, partial(self._look, self.life))
            case AnswerDecision(decision, state):
                self._server.answer(decision, state)
            case Finish():
                self._timeline.tell(f"{self.name} is done with the saga")
                self._knowledge = None
            case _:
                pass

    def feed_if(self, life: int, event: Event) -> None:
        """An event for a process that may have crashed since."""
        if life == self.life:
            self.feed(event)

    def hear(self, life: int, connection: int, reply: Reply) -> None:
        """A reply, if the queue that it was sent to still exists."""
        if (life, connection) == (self.life, self.connection):
            self.feed(ReplyArrived(reply))

    def _open(self, saga: Saga) -> None:
        self.life += 1
        self._writing, self._owed = False, None
        self._seen = saga
        self._knowledge = open_saga(saga)
        self.feed(SagaSeen(saga, authoritative=False))

    def _set_alarm(self) -> None:
        if self._knowledge is not None and self._knowledge.wake_at is not None:
            self._timeline.at(self._knowledge.wake_at, partial(self._ring, self._knowledge))

    def _ring(self, knowledge: Knowledge) -> None:
        if self._knowledge is knowledge:
            self.feed(Woken())

    def _owe(self, *, urgent: bool) -> None:
        if self._owed is None or (urgent and not self._owed):
            self._owed = urgent
            if not self._writing:
                self._schedule_write()

    def _schedule_write(self) -> None:
        wait = 0.0 if self._owed else CHECKPOINT
        self._timeline.at(self._timeline.now + wait, partial(self._write, self.life))

    def _write(self, life: int) -> None:
        """Send what is known now; a checkpoint that an urgent write has overtaken finds nothing owed."""
        if life != self.life or self._owed is None or self._writing or self._knowledge is None:
            return
        assert self._seen is not None
        self._owed, self._writing = None, True
        status = render(self._definition, self._knowledge, self._timeline.now)
        self._timeline.after(0.001, 0.05, partial(self._land, life, self._seen, status))

    def _land(self, life: int, seen: Saga, status: Status) -> None:
        """The write reaches the API server, whether or not its sender still lives."""
        written = self._server.patch(seen, status)
        told = "writes" if written is not None else "fails to write (conflict)"
        self._timeline.tell(f"{self.name} {told} {describe(status)}")
        if written is None or (not self.calm and self._timeline.likely(0.1)):
            self._timeline.after(0.001, 1.0, partial(self._read, life))
        else:
            self._timeline.after(0.001, 0.05, partial(self._written, life, written))

    def _written(self, life: int, saga: Saga) -> None:
        if life == self.life:
            self._seen, self._writing = saga, False
            self.feed(Stored(saga.metadata.resource_version, saga.status))
            self._write_on()

    def _read(self, life: int) -> None:
        """A GET, after a conflict or a lost answer."""
        if life == self.life and self._knowledge is not None:
            self._seen, self._writing = self._server.saga, False
            self._timeline.tell(f"{self.name} reads {describe(self._seen.status)}")
            self.feed(SagaSeen(self._seen, authoritative=True))
            self._write_on()

    def _look(self, life: int) -> None:
        """A GET, before a decision is judged; a write under way will conflict if this shows something new."""
        if life == self.life and self._knowledge is not None and not self._writing:
            self._read(life)
        elif life == self.life and self._knowledge is not None:
            self._timeline.after(0.001, 0.1, partial(self._look, life))

    def _write_on(self) -> None:
        if self._owed is not None and not self._writing:
            self._schedule_write()
