"""An API server that knows one saga, and that fails for a while when a test says so."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

JSON = dict[str, Any]


class StubServer(ThreadingHTTPServer):
    """Serves one saga; a stream of its changes stays open and is silent."""

    daemon_threads = True

    def __init__(self, saga: JSON) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.saga = saga
        self.refusals = 0
        """How often it fails, from the first watch on."""
        self.afterwards = saga
        """What has become of the saga then."""
        self.watched = threading.Event()
        self.closed = threading.Event()

    def fails_now(self) -> bool:
        """Whether this request is one of those that fail."""
        if not self.watched.is_set():
            return False
        if self.refusals == 0:
            self.saga = self.afterwards
            return False
        self.refusals -= 1
        return True

    def kubeconfig(self, file: Path) -> str:
        """Write one that leads here."""
        config = {
            "current-context": "stub",
            "clusters": [{"name": "stub", "cluster": {"server": f"http://127.0.0.1:{self.server_port}"}}],
            "users": [{"name": "ada", "user": {"token": "t"}}],
            "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "ada", "namespace": "shop"}}],
        }
        file.write_text(yaml.safe_dump(config))
        return str(file)

    def server_close(self) -> None:
        """And end the streams."""
        self.closed.set()
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    server: StubServer

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        watches = "watch=1" in target.query
        if watches:
            self.server.watched.set()
        if self.server.fails_now():
            self._answer(502, {"message": "a rollout is under way"})
        elif watches:
            self._stream()
        elif "/sagadefinitions/" in target.path:
            self._answer(403, {"message": "you may not read definitions"})
        elif target.path.endswith("/sagas"):
            self._answer(200, {"items": [self.server.saga], "metadata": {"resourceVersion": "7"}})
        else:
            self._answer(200, self.server.saga)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, self.server.saga)

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""

    def _answer(self, status: int, document: JSON) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.server.closed.wait(60)
