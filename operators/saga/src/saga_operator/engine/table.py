"""The sagas in memory: all that are live, and nothing of one that is terminal or gone."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from saga_operator.domain.events import Event
from saga_operator.domain.kinds import Phase, Saga
from saga_operator.domain.machine import Knowledge
from saga_operator.engine.ports import Ref
from saga_operator.engine.timers import Alarm

REMEMBERED: Final = 10_000
"""Sagas no longer live whose uids are kept: more than can end within any lag of the watch."""


class Want(IntEnum):
    """What a saga's next status write is for."""

    NOTHING = 0
    CHECKPOINT = 1
    """For people and a quick start: it can wait, and be merged with what comes."""
    NOW = 2
    """Something rests on it."""


class LiveSaga:
    """One saga, its mailbox and its conversation with the store."""

    __slots__ = (
        "alarm",
        "doubted",
        "due",
        "failures",
        "generation",
        "gone",
        "in_line",
        "knowledge",
        "mailbox",
        "ref",
        "saga",
        "wanted",
    )

    def __init__(self, ref: Ref, saga: Saga) -> None:
        self.ref = ref
        self.saga = saga
        """The next write's fence, and where its diff starts: as the API server last *answered*; see ``take_spec``."""
        self.generation = saga.metadata.generation
        """Of the spec that the machine has been shown."""
        self.knowledge: Knowledge | None = None
        """None until its definition has been looked up."""
        self.mailbox: list[Event] = []
        self.alarm: Alarm | None = None
        """Rings at ``knowledge.wake_at``."""
        self.wanted = Want.NOTHING
        self.due: Alarm | None = None
        """Rings when the checkpoint, or a retry, is due."""
        self.in_line = False
        """It stands in the checkpointer's line or a call is under way: at most one per saga."""
        self.doubted = False
        """It may be gone or changed behind our back: read it before anything else."""
        self.failures = 0
        """Calls in a row that the API server did not answer."""
        self.gone = False

    def __repr__(self) -> str:
        return f"saga {self.ref}"

    @property
    def uid(self) -> str:
        """Of this very object; another of the same name has another."""
        return self.saga.metadata.uid

    @property
    def definition(self) -> Ref:
        """Where its definition lies."""
        return Ref(self.ref.namespace, self.saga.spec.definition)

    @property
    def phase(self) -> Phase:
        """As its status would show it if it were written now; the first write of a fast saga is its last."""
        stored = self.saga.status.phase
        begun = self.knowledge is not None and bool(self.knowledge.steps) and self.knowledge.admitted
        return Phase.RUNNING if begun and stored is Phase.PENDING else stored

    def take_spec(self, saga: Saga) -> None:
        """A watch shows another spec.

        Laid over the very status that is known here it is what a GET would show, so the next write starts from it:
        started from before, it would be overtaken for certain, and cost a GET and another write.
        """
        if saga.metadata.generation > self.saga.metadata.generation and saga.status == self.saga.status:
            self.saga = saga
        self.generation = saga.metadata.generation

    def forget(self) -> None:
        """Let go of everything but the name, so that whoever still holds this object holds little."""
        self.gone = True
        self.knowledge = None
        self.mailbox = []
        for alarm in (self.alarm, self.due):
            if alarm is not None:
                alarm.cancel()
        self.alarm = self.due = None


class Table:
    """Live sagas by place."""

    def __init__(self) -> None:
        self._sagas: dict[Ref, LiveSaga] = {}
        self._left: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._sagas)

    def __iter__(self) -> Iterator[LiveSaga]:
        return iter(list(self._sagas.values()))

    def get(self, ref: Ref) -> LiveSaga | None:
        """The saga that is live there."""
        return self._sagas.get(ref)

    def add(self, live: LiveSaga) -> None:
        """From now on it is live."""
        self._sagas[live.ref] = live

    def remove(self, live: LiveSaga) -> None:
        """It is terminal, gone, or replaced."""
        if self._sagas.get(live.ref) is live:
            del self._sagas[live.ref]
        self._left[live.uid] = None
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        live.forget()

    def has_left(self, uid: str) -> bool:
        """Whether it was live a short while ago: what a slow watch still tells of it is an echo."""
        return uid in self._left

    def take_back(self, uid: str) -> None:
        """It is live after all."""
        self._left.pop(uid, None)

    def absent_from(self, listed: dict[Ref, str]) -> list[LiveSaga]:
        """The live sagas that a list (place to uid) lacks: deleted in a gap of the watch, or newer than the list."""
        return [live for live in self._sagas.values() if listed.get(live.ref) != live.uid]
