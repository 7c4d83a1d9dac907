"""One small HTTP server for probes and Prometheus, on the operator's own event loop: if that hangs, so does /livez."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from aiohttp import web

from saga_operator.engine.ports import Metrics

log = logging.getLogger(__name__)

EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"
BEAT: Final = 1.0
"""Seconds between measurements of the event loop's lag."""


class HealthServer:
    """/livez, /readyz and /metrics. ``obstacle`` says why the operator is not ready, or None when it is."""

    def __init__(self, host: str, port: int, *, page: Callable[[], bytes], obstacle: Callable[[], str | None]) -> None:
        self._host = host
        self._port = port
        self._page = page
        self._obstacle = obstacle
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        # No kept-alive connections: kopf waits at its end for every task that began while it ran.
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        obstacle = self._obstacle()
        return web.Response(text=f"{obstacle or 'ok'}\n", status=200 if obstacle is None else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._page(), headers={"Content-Type": EXPOSITION})


async def measure_lag(metrics: Metrics) -> None:
    """Export, until cancelled, how late the event loop runs."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        metrics.gauge("loop_lag_seconds", max(0.0, loop.time() - due), {})
