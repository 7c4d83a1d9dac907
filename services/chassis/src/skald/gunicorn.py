"""Runs a service's HTTP application under gunicorn: threads in a few processes, drained at the end."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from skald.app import READINESS
from skald.health import HealthServer
from skald.logging import set_up_logging
from skald.metrics import forget_process
from skald.settings import HttpSettings
from skald.tracing import set_up_tracing

__all__ = ["GRACE", "serve"]

GRACE: Final = 20
"""Seconds that requests under way have left when the process is told to stop."""
KEEPALIVE: Final = 75
"""Seconds; longer than the gateway keeps an idle connection, so that it never sends into one that is being closed."""


def serve(create: Callable[[], Flask], settings: HttpSettings) -> None:
    """Serves until SIGTERM; does not return.

    ``create`` runs once in each process after the fork, so whatever connects belongs in there.
    """
    set_up_logging(settings.service, settings.log_level)
    _Server(create, settings).run()


class _Server(BaseApplication):
    def __init__(self, create: Callable[[], Flask], settings: HttpSettings) -> None:
        self._create = create
        self._settings = settings
        self._end_tracing: Callable[[], None] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": str(self._settings.bind),
            "workers": self._settings.web_workers,
            "threads": self._settings.web_threads,
            "worker_class": _DrainingWorker,
            "logger_class": _Logger,
            "graceful_timeout": GRACE,
            "keepalive": KEEPALIVE,
            "control_socket_disable": True,
            "proc_name": self._settings.service,
            "when_ready": self._when_ready,
            "child_exit": self._child_exit,
            "worker_exit": self._worker_exit,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        self._end_tracing = set_up_tracing(self._settings.service, self._settings.trace_endpoint)
        return self._create()

    def _when_ready(self, _server: object) -> None:
        HealthServer(self._settings.metrics_bind).start()

    def _child_exit(self, _server: object, worker: Any) -> None:
        forget_process(worker.pid)

    def _worker_exit(self, _server: object, _worker: object) -> None:
        self._end_tracing()


class _DrainingWorker(ThreadWorker):
    """Says that it is not ready before it stops, to those who still have a connection."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if app := getattr(self, "wsgi", None):
            app.extensions[READINESS].drain()
        super().handle_exit(sig, frame)


class _Logger(Logger):
    """gunicorn's lines look like all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
