"""The composition root: settings in, a running operator out. Nothing else in this package knows all its parts."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Final

import kopf

from saga_operator.amqp.bus import RabbitBus
from saga_operator.engine.ports import Tracer
from saga_operator.engine.runner import Engine, Ports
from saga_operator.kube.client import Access, KubeClient, TokenFile
from saga_operator.kube.handlers import Shell, make_registry, make_settings
from saga_operator.kube.presence import require_saga_api
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


class Operator:
    """All parts, wired."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = PrometheusMetrics()
        self._tracing: Tracing | NoTracing = Tracing() if settings.trace_endpoint else NoTracing()
        self._access = Access(
            settings.kubernetes_url, TokenFile(settings.kubernetes_token_file), settings.kubernetes_ca_file
        )
        self._client = KubeClient(self._access)
        store = KubeStore(self._client, settings.namespace, self._metrics)
        self._bus = RabbitBus(settings.amqp_url, self._metrics)
        tracer: Tracer = self._tracing
        self._engine = Engine(Ports(store, store, self._bus, SystemClock(), self._metrics, tracer))
        self._metrics.watch_phases(self._engine.phases)
        self._watching = asyncio.Event()
        bind = settings.metrics_bind
        self._health = HealthServer(bind.host, bind.port, page=self._metrics.page, obstacle=self.obstacle)

    def obstacle(self) -> str | None:
        """Why the operator is not ready; None when it is."""
        if not self._watching.is_set():
            return "not watching sagas yet"
        if not self._bus.is_open:
            return "no connection to the broker"
        return None

    async def run(self) -> None:
        """Run until told to stop (SIGTERM, SIGINT), or until kopf gives up.

        Raises NotServed, and OSError for files or addresses that cannot be used.
        """
        await self._client.open()
        try:
            await self._health.open()
            await require_saga_api(self._client)
            await self._run_engine()
        finally:
            await self._health.close()
            await self._client.close()
            self._tracing.close()

    async def _run_engine(self) -> None:
        lag = asyncio.create_task(measure_lag(self._metrics), name="lag")
        self._engine.start()
        self._bus.open(deliver=self._engine.deliver, reconnected=self._engine.reconnected)
        try:
            # kopf installs the signal handlers, and returns once its watches have ended.
            await kopf.operator(
                registry=make_registry(),
                settings=make_settings(),
                memo=Shell(self._engine, self._access),
                namespaces=[self._settings.namespace],
                ready_flag=self._watching,
            )
        finally:
            log.info("stopping: writing what is known")
            await self._engine.stop(GRACE)
            await self._bus.close(GRACE)
            lag.cancel()
