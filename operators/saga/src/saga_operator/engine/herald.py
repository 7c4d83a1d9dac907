"""What is said about a saga and rests on nobody's answer: Events for people, the finished notice, traces."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from saga_operator.domain.effects import Announce
from saga_operator.domain.kinds import Saga
from saga_operator.engine.crew import Crew
from saga_operator.engine.ports import Clock, CommandBus, Reaper, Ref, SagaStore, Tracer
from saga_operator.engine.timers import Timers

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

    def __init__(
        self, store: SagaStore, bus: CommandBus, reaper: Reaper, tracer: Tracer, timers: Timers, clock: Clock
    ) -> None:
        self._store = store
        self._bus = bus
        self._reaper = reaper
        self._tracer = tracer
        self._timers = timers
        self._clock = clock
        self._unsaid: dict[str, tuple[Saga, list[Announce]]] = {}  # by uid
        self.announcers: Crew[str] = Crew("announcer", ANNOUNCERS, self._announce)
        self.messengers: Crew[Saga] = Crew("messenger", MESSENGERS, self._tell)

    def announce(self, saga: Saga, announcement: Announce) -> None:
        """For people: a Kubernetes Event, and a line in the log."""
        level = logging.WARNING if announcement.type == "Warning" else logging.INFO
        where = {"saga": str(Ref.of(saga.metadata))}
        log.log(level, "%s: %s", announcement.reason, announcement.message, extra=where)
        uid = saga.metadata.uid
        _, unsaid = self._unsaid.get(uid, (saga, []))
        not_outdone = [each for each in unsaid if HELD.get(each.reason) != announcement.reason]
        self._unsaid[uid] = saga, [*not_outdone, announcement]
        if announcement.reason in HELD:
            self._timers.at(self._clock.now() + MOMENT, partial(self.announcers.put, uid))
        else:
            self.announcers.put(uid)

    def flush(self) -> None:
        """Hold nothing back any more."""
        for uid in self._unsaid:
            self.announcers.put(uid)

    def finished(self, saga: Saga) -> None:
        """For the world: the saga has reached the phase that its status shows."""
        self.messengers.put(saga)
        self._tracer.record(saga)

    async def _tell(self, saga: Saga) -> None:
        await self._bus.publish_finished(saga)
        self._reaper.told(saga)

    async def _announce(self, uid: str) -> None:
        if uid in self._unsaid:
            saga, announcements = self._unsaid.pop(uid)
            for announcement in announcements:
                await self._store.announce(saga, announcement)
