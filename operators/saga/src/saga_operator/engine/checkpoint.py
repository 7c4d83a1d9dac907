"""Every saga's conversation with the store: one call at a time, later changes merged into the next write (rule I7)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from saga_operator.domain import machine
from saga_operator.domain.events import Event, SagaGone, SagaSeen, Stored, StoreRefused
from saga_operator.domain.kinds import Saga, Status
from saga_operator.engine.crew import Crew
from saga_operator.engine.definitions import Definitions
from saga_operator.engine.merge import merge_patch
from saga_operator.engine.ports import (
    Clock,
    Conflict,
    Fence,
    Metrics,
    Missing,
    Refused,
    SagaStore,
    Unavailable,
    WriteResult,
    Written,
)
from saga_operator.engine.table import LiveSaga, Want
from saga_operator.engine.timers import Timers

log = logging.getLogger(__name__)

INTERVAL: Final = 0.5
"""Seconds that a checkpoint waits for more to say."""
POSTPONED: Final = 2.0
"""Seconds that it waits for more while the store does not keep up."""
WORKERS: Final = 16
"""Calls under way at once, over all sagas. With more the slowest sagas wait longer, with fewer a crowd in retreat."""
LONG_LINE: Final = 32
"""Sagas in the line that show that the store does not keep up."""
FIRST_BACKOFF: Final = 0.2
LONGEST_BACKOFF: Final = 5.0
"""Seconds between tries while the API server does not answer."""


class Checkpointer:
    """Writes what is known of a saga, and reads it again when a write was overtaken.

    Outcomes go to the saga's mailbox by ``post``; an object that took another's name goes to ``replaced``.
    """

    def __init__(
        self,
        store: SagaStore,
        definitions: Definitions,
        timers: Timers,
        clock: Clock,
        metrics: Metrics,
        *,
        post: Callable[[LiveSaga, Event], None],
        replaced: Callable[[Saga], None],
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._timers = timers
        self._clock = clock
        self._metrics = metrics
        self._post = post
        self._replaced = replaced
        self.crew: Crew[LiveSaga] = Crew("checkpoint", WORKERS, self._serve)

    def request(self, live: LiveSaga, *, urgent: bool) -> None:
        """Write what is known: as soon as the call under way is back, or with the next checkpoint."""
        if urgent:
            live.wanted = Want.NOW
            self._line_up(live)
        elif live.wanted is Want.NOTHING:
            live.wanted = Want.CHECKPOINT
            if not live.in_line:
                self._line_up_in(live, INTERVAL)

    def verify(self, live: LiveSaga) -> None:
        """Read the object again: something says that it is gone, or no longer ours."""
        live.doubted = True
        self._line_up(live)

    def flush(self, live: LiveSaga) -> None:
        """Do not wait for the checkpoint."""
        if live.wanted is not Want.NOTHING:
            self._line_up(live)

    def _line_up(self, live: LiveSaga) -> None:
        if live.due is not None:
            live.due.cancel()
            live.due = None
        if not live.in_line and not live.gone:
            live.in_line = True
            self.crew.put(live)

    def _line_up_in(self, live: LiveSaga, seconds: float) -> None:
        if live.due is not None:
            live.due.cancel()
        live.due = self._timers.at(self._clock.now() + seconds, partial(self._come_due, live))

    def _come_due(self, live: LiveSaga) -> None:
        # Nothing rests on a checkpoint, so a long line is left to writes on which something does.
        if live.wanted is Want.CHECKPOINT and not live.doubted and self.crew.waiting >= LONG_LINE:
            self._line_up_in(live, POSTPONED)
        else:
            self._line_up(live)

    async def _serve(self, live: LiveSaga) -> None:
        try:
            if live.gone:
                return
            if live.doubted:
                await self._read(live)
            elif live.wanted is not Want.NOTHING:
                await self._write(live)
        finally:
            live.in_line = False
            self._go_on(live)

    def _go_on(self, live: LiveSaga) -> None:
        """What was asked for while the call was under way."""
        if live.gone or live.due is not None:
            return
        if live.doubted or live.wanted is Want.NOW:
            self._line_up(live)
        elif live.wanted is Want.CHECKPOINT:
            self._line_up_in(live, INTERVAL)

    async def _write(self, live: LiveSaga) -> None:
        # What has arrived belongs into this write, above all what a GET said after a conflict.
        while live.mailbox:  # noqa: ASYNC110  the loop's next turns empty it
            await asyncio.sleep(0)
        wanted, live.wanted = live.wanted, Want.NOTHING
        if live.knowledge is None:
            return
        definition = self._definitions.get(live.definition)
        status = machine.render(definition, live.knowledge, self._clock.now())
        patch = merge_patch(_body(live.saga.status), _body(status))
        if not patch:
            self._post(live, Stored(live.saga.metadata.resource_version, live.saga.status))
            return
        result = await self._store.patch_status(live.ref, Fence.of(live.saga.metadata), patch)
        if not live.gone:
            await self._conclude(live, result, wanted)

    async def _conclude(self, live: LiveSaga, result: WriteResult, wanted: Want) -> None:
        match result:
            case Written(saga):
                live.failures = 0
                live.saga = saga
                self._post(live, Stored(saga.metadata.resource_version, saga.status))
            case Conflict():
                self._metrics.count("conflicts", {})
                live.wanted = Want.NOW
                await self._read(live)
            case Missing():
                self._post(live, SagaGone())
            case Refused(reason):
                log.error("the API server refuses the status: %s", reason, extra=_extra(live))
                self._post(live, StoreRefused(reason))
            case Unavailable(reason):
                live.wanted = max(live.wanted, wanted)
                self._retry(live, reason)

    async def _read(self, live: LiveSaga) -> None:
        live.doubted = True
        try:
            saga = await self._store.read(live.ref)
        except ConnectionError as error:
            self._retry(live, str(error))
            return
        if live.gone:
            return
        live.doubted = False
        live.failures = 0
        if saga is None or saga.metadata.uid != live.uid:
            self._post(live, SagaGone())
            if saga is not None:
                self._replaced(saga)
            return
        live.saga = saga
        live.generation = saga.metadata.generation
        self._post(live, SagaSeen(saga, authoritative=True))

    def _retry(self, live: LiveSaga, reason: str) -> None:
        live.failures += 1
        ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(live.failures, 10))
        seconds = ceiling * (0.5 + 0.5 * self._clock.jitter())
        log.warning("no answer from the API server, trying again in %.1f s: %s", seconds, reason, extra=_extra(live))
        self._line_up_in(live, seconds)


def _body(status: Status) -> dict[str, object]:
    body: dict[str, object] = msgspec.to_builtins(status)
    return body


def _extra(live: LiveSaga) -> dict[str, str]:
    return {"saga": str(live.ref)}
