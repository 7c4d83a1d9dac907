"""Whether a process lives, whether it should get work, and its metrics: on HTTP, beside whatever else it does."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from skald.metrics import exposition
from skald.problems import PROBLEM_TYPE, Problem
from skald.settings import Bind

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["HealthServer", "Readiness"]

logger = logging.getLogger(__name__)


class Readiness:
    """Whether this process should get work: its own database answers, and it is not about to stop."""

    def __init__(
        self, check: Callable[[], object], *, cache: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``check`` raises when the process cannot do its work; its verdict is kept for ``cache`` seconds."""
        self._check = check
        self._cache = cache
        self._clock = clock
        self._lock = threading.Lock()
        self._checked_at = float("-inf")
        self._reason: str | None = "it has not been checked yet"
        self._draining = threading.Event()

    def drain(self) -> None:
        """From now on not ready: the process finishes what it has and stops."""
        self._draining.set()

    def reason_against(self) -> str | None:
        """Why this process should get no work now; None when it should."""
        if self._draining.is_set():
            return "it is stopping"
        # A check may take seconds when the database is away; whoever comes meanwhile gets the last verdict.
        if self._clock() - self._checked_at >= self._cache and self._lock.acquire(blocking=False):
            try:
                self._reason = self._ask()
                self._checked_at = self._clock()
            finally:
                self._lock.release()
        return self._reason

    def _ask(self) -> str | None:
        try:
            self._check()
        except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
            logger.warning("not ready: %s: %s", type(error).__name__, error)
            return f"its check failed ({type(error).__name__})"
        return None

    def as_problem(self) -> Problem | None:
        """The 503 that ``/readyz`` gives; None when ready."""
        reason = self.reason_against()
        return (
            None if reason is None else Problem(503, "not-ready", "Not ready", f"This process gets no work: {reason}.")
        )


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name
        """Probes and scrapes every few seconds would drown everything else."""


class HealthServer:
    """``/metrics``, ``/livez`` and ``/readyz`` on a thread of their own; without readiness only the first."""

    def __init__(self, bind: Bind, readiness: Readiness | None = None) -> None:
        self._bind = bind
        self._readiness = readiness
        self._server: WSGIServer | None = None

    @property
    def port(self) -> int:
        """Where it listens: the port asked for, or the one found when that was 0."""
        if self._server is None:
            raise RuntimeError("the health server is not started")
        return self._server.server_port

    def start(self) -> None:
        """Listens and returns. Raises OSError, naming the address, when somebody else listens there."""
        try:
            self._server = make_server(self._bind.host, self._bind.port, self._answer, _Server, _QuietHandler)
        except OSError as error:
            raise OSError(error.errno, f"SKALD_METRICS_BIND={self._bind}: {error.strerror}") from error
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def stop(self) -> None:
        """Closes the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, content_type, body = self._page(environ.get("PATH_INFO", ""), environ.get("HTTP_ACCEPT", ""))
        phrase = HTTPStatus(status).phrase
        start_response(f"{status} {phrase}", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]

    def _page(self, path: str, accept: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            content_type, text = exposition(accept)
            return 200, content_type, text
        if self._readiness is not None and path == "/livez":
            return _document(200, {"status": "alive"})
        if self._readiness is not None and path == "/readyz":
            problem = self._readiness.as_problem()
            return _document(200, {"status": "ready"}) if problem is None else _problem(problem)
        return _problem(Problem.of_status(404))


def _document(status: int, content: object, content_type: str = "application/json") -> tuple[int, str, bytes]:
    return status, content_type, json.dumps(content).encode()


def _problem(problem: Problem) -> tuple[int, str, bytes]:
    return _document(problem.status, problem.as_json(), PROBLEM_TYPE)
