"""A service as the gateway sees it: it tells back what reached it, and can be ill in several ways."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that reached the service."""

    method: str
    path: str
    headers: Mapping[str, str]
    size: int


@dataclass
class Behaviour:
    """How the service answers, health checks apart."""

    status: int = 200
    delay: float = 0
    """Seconds before the answer."""
    hang_ups: int = 0
    """So many of the next requests are read and then left without an answer."""
    headers: Mapping[str, str] = field(default_factory=dict)


class Upstream:
    """A small HTTP server; ``stop`` and ``start`` keep its port."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.behaviour = Behaviour()
        self._documents: dict[str, Any] = {}
        self._seen: list[Seen] = []
        self._lock = threading.Lock()
        self._address = (host, port)
        self.start()

    @property
    def address(self) -> str:
        return f"{self._address[0]}:{self._address[1]}"

    def start(self) -> None:
        self._server = _Server(self._address, _handler(self))
        self._address = (self._address[0], self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.close_all()

    def serve(self, path: str, document: Any) -> None:
        """Answer this path with the document instead of the echo."""
        self._documents[path] = document

    def document(self, path: str) -> Any:
        """What is served there instead of the echo, or None."""
        return {} if path == "/readyz" else self._documents.get(path)

    def seen(self, path: str | None = None) -> list[Seen]:
        """Requests so far; for this path only, the query apart, when there is one."""
        with self._lock:
            return [request for request in self._seen if path in (None, request.path.partition("?")[0])]

    def record(self, request: Seen) -> None:
        with self._lock:
            self._seen.append(request)

    def hangs_up(self) -> bool:
        with self._lock:
            hangs_up = self.behaviour.hang_ups > 0
            self.behaviour.hang_ups -= hangs_up
            return hangs_up


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._connections: set[Any] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """A stopped service has no open connections either."""
        self.server_close()
        for connection in list(self._connections):
            self.shutdown_request(connection)


def _handler(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "Secret/1.0"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            if (document := upstream.document(path)) is not None:
                self._send(200, document)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, len(body))
            upstream.record(request)
            if upstream.hangs_up():
                self.close_connection = True
                return
            time.sleep(upstream.behaviour.delay)
            echo = {
                "upstream": upstream.address,
                "path": request.path,
                "headers": request.headers,
                "size": request.size,
            }
            self._send(upstream.behaviour.status, echo)

        do_GET = do_POST = do_OPTIONS = do_PUT = do_DELETE = _answer  # noqa: N815

        def _send(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in upstream.behaviour.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The tests look at what was seen, not at stderr."""

    return Handler
