"""What is said about a saga and rests on nobody's answer: Events for people, the finished notice, traces."""

from __future__ import annotations

import logging
from typing import Final

from saga_operator.domain.effects import Announce
from saga_operator.domain.kinds import Saga
from saga_operator.engine.crew import Crew
from saga_operator.engine.ports import CommandBus, Ref, SagaStore, Tracer

log = logging.getLogger(__name__)

ANNOUNCERS: Final = 4
MESSENGERS: Final = 64
"""Finished notices that wait for their confirm at once."""


class Herald:
    """Does in the background what no saga waits for."""

    def __init__(self, store: SagaStore, bus: CommandBus, tracer: Tracer) -> None:
        self._store = store
        self._tracer = tracer
        self.announcers: Crew[tuple[Saga, Announce]] = Crew("announcer", ANNOUNCERS, self._announce)
        self.messengers: Crew[Saga] = Crew("messenger", MESSENGERS, bus.publish_finished)

    def announce(self, saga: Saga, announcement: Announce) -> None:
        """For people: a Kubernetes Event, and a line in the log."""
        level = logging.WARNING if announcement.type == "Warning" else logging.INFO
        where = {"saga": str(Ref.of(saga.metadata))}
        log.log(level, "%s: %s", announcement.reason, announcement.message, extra=where)
        self.announcers.put((saga, announcement))

    def finished(self, saga: Saga) -> None:
        """For the world: the saga has reached the phase that its status shows."""
        self.messengers.put(saga)
        self._tracer.record(saga)

    async def _announce(self, job: tuple[Saga, Announce]) -> None:
        await self._store.announce(*job)
