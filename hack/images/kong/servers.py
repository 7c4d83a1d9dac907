"""Kong's admin API and status port, as far as somebody asks them here, and the key set for Envoy."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hack.gateway import GatewayError
from hack.images.kong.node import Node

Answer = tuple[int, str, bytes]
Route = Callable[[bytes], Answer]


def serve(address: str, routes: dict[tuple[str, str], Route]) -> None:
    """Answer on a thread of its own, by method and path."""
    host, _, port = address.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            route = routes.get((self.command, self.path.split("?")[0]))
            status, kind, content = route(body) if route else _json(404, {"message": "Not found"})
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - the base class' names

        def log_message(self, *_: object) -> None:
            """Probes every few seconds would drown everything else."""

    server = ThreadingHTTPServer((host, int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def admin_routes(node: Node) -> dict[tuple[str, str], Route]:
    """``POST /config`` and ``GET /status``."""

    def configure(body: bytes) -> Answer:
        try:
            return _json(201, {"configuration_hash": node.configure(str(json.loads(body)["config"]))})
        except (GatewayError, ValueError, KeyError, TypeError) as error:
            return _json(400, {"message": str(error), "code": 14, "name": "invalid declarative configuration"})

    return {("POST", "/config"): configure, ("GET", "/status"): _status(node)}


def status_routes(node: Node) -> dict[tuple[str, str], Route]:
    """``/status`` (it lives), ``/status/ready`` (it takes requests), ``/metrics``."""

    def ready(_: bytes) -> Answer:
        return _json(200, {"message": "ready"}) if node.ready() else _json(503, {"message": "not ready"})

    def metrics(_: bytes) -> Answer:
        try:
            return 200, "text/plain; version=0.0.4", node.metrics().encode()
        except OSError as error:
            return _json(503, {"message": str(error)})

    return {("GET", "/status"): _status(node), ("GET", "/status/ready"): ready, ("GET", "/metrics"): metrics}


def key_routes(node: Node) -> dict[tuple[str, str], Route]:
    """The key set, for Envoy."""
    return {("GET", "/keys"): lambda _: _json(200, node.key_set)}


def _status(node: Node) -> Route:
    return lambda _: _json(200, {"configuration_hash": node.hash})


def _json(status: int, content: object) -> Answer:
    return status, "application/json", json.dumps(content).encode()
