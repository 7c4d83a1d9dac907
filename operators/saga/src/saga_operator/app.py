"""The composition root: settings in, a running operator out. Nothing else in this package knows all its parts."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

import kopf

from saga_operator.amqp.bus import RabbitBus
from saga_operator.engine.ports import Metrics, Tracer
from saga_operator.engine.runner import Engine, Ports
from saga_operator.kube.client import Access, KubeClient, TokenFile
from saga_operator.kube.decisions import KubeDecisions
from saga_operator.kube.handlers import Shell, make_registry, make_settings
from saga_operator.kube.lease import Elector
from saga_operator.kube.presence import require_saga_api
from saga_operator.kube.reaper import Reaper
from saga_operator.kube.store import KubeStore
from saga_operator.ops.health import HealthServer, measure_lag
from saga_operator.ops.metrics import PrometheusMetrics
from saga_operator.ops.tracing import NoTracing, Tracing
from saga_operator.settings import Settings

log = logging.getLogger(__name__)

GRACE: Final = 5.0
"""Seconds that each kind of call under way gets to end when the operator is told to stop."""


class SystemClock:
    """The real time and real chance."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def jitter(self) -> float:
        """Uniform in [0, 1)."""
        return random.random()  # noqa: S311  spreads load, guards nothing


class Election(Protocol):
    """Who among several operators of a namespace runs the sagas."""

    @property
    def stands_by(self) -> bool:
        """Another one was seen to run them."""

    async def acquire(self) -> None:
        """Return when it is this one."""

    async def keep(self) -> None:
        """Stay it for ever. Raises LeaseLost."""

    async def release(self) -> None:
        """Let another one take over."""


Elect = Callable[[KubeClient, Settings, Metrics], Election]


def by_lease(client: KubeClient, settings: Settings, metrics: Metrics) -> Election:
    """The one that holds the Lease."""
    return Elector(client, settings.namespace, settings.identity, metrics)


class Operator:
    """All parts, wired."""

    def __init__(self, settings: Settings, elect: Elect = by_lease) -> None:
        self._settings = settings
        self._metrics = PrometheusMetrics()
        self._tracing: Tracing | NoTracing = Tracing() if settings.trace_endpoint else NoTracing()
        self._access = Access(
            settings.kubernetes_url, TokenFile(settings.kubernetes_token_file), settings.kubernetes_ca_file
        )
        self._client = KubeClient(self._access)
        self._election = elect(self._client, settings, self._metrics)
        store = self._store = KubeStore(self._client, settings.namespace, self._metrics)
        self._bus = RabbitBus(settings.amqp_url, self._metrics)
        tracer: Tracer = self._tracing
        decisions, clock = KubeDecisions(self._client), SystemClock()
        self._reaper = Reaper(self._client, settings.namespace, self._bus.publish_finished, clock, self._metrics)
        self._engine = Engine(Ports(store, store, decisions, self._bus, self._reaper, clock, self._metrics, tracer))
        self._metrics.watch("active", self._engine.tally.phases)
        self._metrics.watch("stalled", self._engine.tally.stalls)
        self._watching = asyncio.Event()
        self._told_to_stop = asyncio.Event()
        bind = settings.metrics_bind
        self._health = HealthServer(bind.host, bind.port, page=self._metrics.page, obstacle=self.obstacle)

    def obstacle(self) -> str | None:
        """Why the operator is not ready; None when it is. One on standby is: it is ready to take over."""
        if self._election.stands_by:
            return None
        if not self._watching.is_set():
            return "not watching sagas yet"
        if not self._bus.is_open:
            return "no connection to the broker"
        return None

    async def run(self) -> None:
        """Run until told to stop (SIGTERM, SIGINT), until the Lease is lost, or until kopf gives up.

        Raises NotServed, LeaseLost, and OSError for files or addresses that cannot be used.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._told_to_stop.set)
        await self._client.open()
        try:
            await self._health.open()
            if await self._unless_stopped(self._prepare()):
                await self._lead()
        finally:
            await self._health.close()
            await self._client.close()
            self._tracing.close()

    async def _prepare(self) -> None:
        await require_saga_api(self._client)
        await self._election.acquire()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether ``work`` came to its end before the operator was told to stop."""
        working = asyncio.create_task(work, name="work")
        stopping = asyncio.create_task(self._told_to_stop.wait(), name="stop")
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            working.result()
            return True
        working.cancel()
        await asyncio.wait((working,))
        return False

    async def _lead(self) -> None:
        keeping = asyncio.create_task(self._election.keep(), name="lease")
        keeping.add_done_callback(lambda _: self._told_to_stop.set())
        try:
            await self._run_engine(grace=lambda: 0 if keeping.done() else GRACE)
        finally:
            lost = keeping.done()
            keeping.cancel()
            if not lost:
                await self._election.release()
        if lost:
            keeping.result()

    async def _run_engine(self, grace: Callable[[], float]) -> None:
        aside = [asyncio.create_task(work) for work in (measure_lag(self._metrics), self._reaper.run())]
        self._engine.start()
        self._bus.open(deliver=self._engine.deliver, reconnected=self._engine.reconnected)
        try:
            await self._unless_stopped(self._watch())
        finally:
            log.info("stopping: writing what is known")
            await self._engine.stop(grace())
            await self._bus.close(grace())
            for task in aside:
                task.cancel()

    async def _watch(self) -> None:
        await self._recover()
        # kopf puts its own signal handlers in place of ours, and returns once its watches have ended.
        await kopf.operator(
            registry=make_registry(),
            settings=make_settings(),
            memo=Shell(self._engine, self._access),
            namespaces=[self._settings.namespace],
            ready_flag=self._watching,
        )

    async def _recover(self) -> None:
        """Ahead of kopf, whose own list costs twice as much per saga and comes in the order of names."""
        try:
            await self._engine.recover(await self._store.live_sagas())
        except ConnectionError as error:
            log.warning("the live sagas could not be listed at once, the watch will show them: %s", error)
