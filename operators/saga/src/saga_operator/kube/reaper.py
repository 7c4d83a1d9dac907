"""Deletes terminal sagas when their time has come, and not before the world was told how they ended."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Final

from saga_operator.domain import moments
from saga_operator.domain.kinds import API_VERSION, Phase, Saga
from saga_operator.engine.ports import Clock, Metrics
from saga_operator.kube import codec
from saga_operator.kube.client import KubeClient
from saga_operator.kube.pages import pages

log = logging.getLogger(__name__)

PERIOD: Final = 30.0
"""Seconds between sweeps, on average."""
AT_ONCE: Final = 8
"""Sagas that are being deleted; the rest of the connections belong to those that still run."""
ENDED: Final = (Phase.SUCCEEDED, Phase.COMPENSATED)
"""Not Aborted: somebody has to look after such a saga, so it stays."""
SELECTOR: Final = ",".join(f"status.phase!={phase.value}" for phase in Phase if phase not in ENDED)


class Reaper:
    """Sweeps for ever. ``publish`` returns when the broker has confirmed ``dev.skald.saga.finished``."""

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
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(PERIOD * (0.5 + random.random()))  # noqa: S311  spreads load, guards nothing
            try:
                await self.sweep()
            except ConnectionError as error:
                log.warning("terminal sagas cannot be deleted now, trying again later: %s", error)
            except Exception:  # a bug that one saga meets must not keep the others for ever
                log.exception("a sweep for terminal sagas failed unexpectedly")

    async def sweep(self) -> None:
        """Delete what is due, a page at a time. Raises ConnectionError when the API server does not answer."""
        async for page in pages(self._client, self._collection, SELECTOR):
            await self._reap_all(saga for saga in page if self._is_due(saga))

    async def _reap_all(self, sagas: Iterable[Saga]) -> None:
        results = await asyncio.gather(*(self._reap(saga) for saga in sagas), return_exceptions=True)
        for error in results:
            if error is not None:
                raise error

    def _is_due(self, saga: Saga) -> bool:
        kept = saga.spec.ttl_seconds_after_finished
        ended = moments.recall(saga.status.completion_time)
        return kept is not None and ended is not None and ended + kept <= self._clock.now()

    async def _reap(self, saga: Saga) -> None:
        async with self._places:
            await self._publish(saga)
            metadata = saga.metadata
            body = {"preconditions": {"uid": metadata.uid, "resourceVersion": metadata.resource_version}}
            answer = await self._client.delete(f"{self._collection}/{metadata.name}", codec.encode(body))
        match answer.status:
            case HTTPStatus.OK | HTTPStatus.ACCEPTED:
                self._metrics.count("reaped", {})
            case HTTPStatus.NOT_FOUND | HTTPStatus.CONFLICT:
                log.debug("gone or changed meanwhile", extra={"saga": f"{metadata.namespace}/{metadata.name}"})
            case _:
                raise ConnectionError(f"deleting saga {metadata.name}: {answer.status}: {codec.reason(answer.body)}")
