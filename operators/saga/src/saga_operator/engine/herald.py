"""What is said about a saga and rests on nobody's answer: Events for people, the finished notice, traces."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from saga_operator.domain.effects import Announce
from saga_operator.domain.kinds import Saga
from saga_operator.engine.crew import Crew
from saga_operator.engine.ports import Clock, CommandBus, Ref, SagaStore, Tracer
from saga_operator.engine.timers import Alarm, Timers

log = logging.getLogger(__name__)

ANNOUNCERS: Final = 4
HELD: Final = {"Compensating": "Compensated"}
"""Announcements that wait a moment for the one that says the same and more: an Event costs more than a saga's write."""
MOMENT: Final = 2.0
"""Seconds."""
MESSENGERS: Final = 64
"""Finished notices that wait for their confirm at once."""


class Herald:
    """Does in the background what no saga waits for."""

    def __init__(self, store: SagaStore, bus: CommandBus, tracer: Tracer, timers: Timers, clock: Clock) -> None:
        self._store = store
        self._tracer = tracer
        self._timers = timers
        self._clock = clock
        self._held: dict[str, tuple[Alarm, Saga, Announce]] = {}
        self.announcers: Crew[tuple[Saga, Announce]] = Crew("announcer", ANNOUNCERS, self._announce)
        self.messengers: Crew[Saga] = Crew("messenger", MESSENGERS, bus.publish_finished)

    def announce(self, saga: Saga, announcement: Announce) -> None:
        """For people: a Kubernetes Event, and a line in the log."""
        level = logging.WARNING if announcement.type == "Warning" else logging.INFO
        where = {"saga": str(Ref.of(saga.metadata))}
        log.log(level, "%s: %s", announcement.reason, announcement.message, extra=where)
        self._release(saga.metadata.uid, unless=announcement.reason)
        if announcement.reason in HELD:
            alarm = self._timers.at(self._clock.now() + MOMENT, partial(self._release, saga.metadata.uid))
            self._held[saga.metadata.uid] = (alarm, saga, announcement)
        else:
            self.announcers.put((saga, announcement))

    def flush(self) -> None:
        """Hold nothing back any more."""
        for uid in list(self._held):
            self._release(uid)

    def _release(self, uid: str, unless: str | None = None) -> None:
        if uid in self._held:
            alarm, saga, announcement = self._held.pop(uid)
            alarm.cancel()
            if HELD[announcement.reason] != unless:
                self.announcers.put((saga, announcement))

    def finished(self, saga: Saga) -> None:
        """For the world: the saga has reached the phase that its status shows."""
        self.messengers.put(saga)
        self._tracer.record(saga)

    async def _announce(self, job: tuple[Saga, Announce]) -> None:
        await self._store.announce(*job)
