"""Deletes terminal sagas when their time has come, and not before the world was told how they ended.

Most are known from the moment they end. A list finds those that ended while nobody looked, and those whose time was
far: it costs two tenths of a millisecond of CPU for each saga that is kept, so it is made now and then only.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from msgspec.structs import replace

from saga_operator.domain import moments
from saga_operator.domain.kinds import API_VERSION, Phase, Saga, SagaSpec, Status
from saga_operator.engine.crew import Crew
from saga_operator.engine.ports import Clock, Metrics
from saga_operator.engine.timers import Timers
from saga_operator.kube import codec
from saga_operator.kube.client import KubeClient
from saga_operator.kube.pages import pages

log = logging.getLogger(__name__)

PERIOD: Final = 600.0
"""Seconds between lists, on average."""
PAUSE: Final = 30.0
"""Seconds from the start to the first list, and from a failure to the next one; after further failures twice as many
each time, because what refuses a delete mostly goes on refusing, and every list costs."""
CROWD: Final = 10_000
"""Sagas that one list may add to those in memory; there are more when no operator ran for long."""
AT_ONCE: Final = 8
"""Sagas that are being deleted; the rest of the connections belong to those that still run."""
ENDED: Final = (Phase.SUCCEEDED, Phase.COMPENSATED)
"""Not Aborted: somebody has to look after such a saga, so it stays."""
SELECTOR: Final = ",".join(f"status.phase!={phase.value}" for phase in Phase if phase not in ENDED)


@dataclass(frozen=True, slots=True)
class _Ended:
    """A saga whose time comes before the next list."""

    saga: Saga
    """Its name, and how it ended; the rest is let go of."""
    told: bool
    """The broker has confirmed the news."""


class Reaper:
    """Implements the engine's port. ``publish`` returns when the broker has confirmed ``dev.skald.saga.finished``."""

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        publish: Callable[[Saga], Awaitable[None]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._client = client
        self._collection = f"/apis/{API_VERSION}/namespaces/{namespace}/sagas"
        self._publish = publish
        self._clock = clock
        self._metrics = metrics
        self._timers = Timers(clock)
        self._crew: Crew[_Ended] = Crew("reaper", AT_ONCE, self._reap)
        self._next_list = float("inf")
        self._known: set[str] = set()  # by uid: those that wait for their time, or are being deleted
        self._trouble = asyncio.Event()
        self._crowded = False
        self._failures = 0  # in a row

    async def run(self) -> None:
        """Until cancelled."""
        self._crew.start()
        try:
            await asyncio.sleep(_about(PAUSE))
            while True:
                await self.list()
                await self._rest()
        finally:
            self._timers.close()
            await self._crew.stop()

    async def list(self) -> None:
        """Look at all that has ended."""
        self._trouble.clear()
        self._next_list = self._clock.now() + _about(PERIOD)
        room = len(self._known) + CROWD
        try:
            async for page in pages(self._client, self._collection, SELECTOR):
                for saga in page:
                    self._expect(saga, told=False)
                self._crowded = len(self._known) >= room
                if self._crowded:
                    break
        except ConnectionError as error:
            self._give_up(f"terminal sagas cannot be listed: {error}")
        except Exception:  # a bug that one saga meets must not keep the others for ever
            log.exception("a list of terminal sagas failed unexpectedly")

    def told(self, saga: Saga) -> None:
        """It has just ended, and the broker has confirmed the news."""
        if saga.status.phase in ENDED:
            self._expect(saga, told=True)

    def _expect(self, saga: Saga, *, told: bool) -> None:
        """Remember it, unless the next list is early enough: what ends in days must not be kept in memory for days."""
        status, uid = saga.status, saga.metadata.uid
        kept, ended = saga.spec.ttl_seconds_after_finished, moments.recall(status.completion_time)
        if kept is None or ended is None or ended + kept > self._next_list or uid in self._known:
            return
        self._known.add(uid)
        slim = replace(
            saga,
            spec=SagaSpec(definition=saga.spec.definition),
            status=Status(phase=status.phase, completion_time=status.completion_time),
        )
        due = _Ended(slim, told)
        self._timers.at(ended + kept, partial(self._crew.put, due))

    async def _rest(self) -> None:
        """Until the next list, which comes sooner when there is more to find, or something has failed."""
        try:
            async with asyncio.timeout(0 if self._crowded else self._next_list - self._clock.now()):
                await self._trouble.wait()
            pause = self._pause
            self._failures += 1
        except TimeoutError:
            self._failures = 0
            if not self._crowded:
                return
            pause = PAUSE
        await asyncio.sleep(_about(pause))

    @property
    def _pause(self) -> float:
        """Seconds until a list that a failure is the reason of."""
        return min(PAUSE * 2.0 ** min(self._failures, 10), PERIOD)

    async def _reap(self, ended: _Ended) -> None:
        metadata = ended.saga.metadata
        try:
            await self._delete(ended)
        except ConnectionError as error:
            self._give_up(f"saga {metadata.name} cannot be deleted: {error}")
        finally:
            self._known.discard(metadata.uid)

    async def _delete(self, ended: _Ended) -> None:
        if not ended.told:
            await self._publish(ended.saga)
        metadata = ended.saga.metadata
        body = {"preconditions": {"uid": metadata.uid, "resourceVersion": metadata.resource_version}}
        answer = await self._client.delete(f"{self._collection}/{metadata.name}", codec.encode(body))
        match answer.status:
            case HTTPStatus.OK | HTTPStatus.ACCEPTED:
                self._metrics.count("reaped", {})
            case HTTPStatus.NOT_FOUND | HTTPStatus.CONFLICT:
                log.debug("gone or changed meanwhile", extra={"saga": f"{metadata.namespace}/{metadata.name}"})
            case _:
                raise ConnectionError(f"{answer.status}: {codec.reason(answer.body)}")

    def _give_up(self, why: str) -> None:
        if not self._trouble.is_set():
            log.warning("%s; trying again in about %g s", why, self._pause)
        self._trouble.set()


def _about(seconds: float) -> float:
    return seconds * (0.5 + random.random())  # noqa: S311  spreads load, guards nothing
