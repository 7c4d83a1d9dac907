"""An API server that has no time, or makes ready for a kind that it has just learnt of, is asked again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from kubectl_saga.errors import CliError
from kubectl_saga.kube import api as module
from kubectl_saga.kube.access import Access, Authority, User
from kubectl_saga.kube.api import Api, ApiError, NoAnswer


class Server(BaseHTTPRequestHandler):
    """Refuses as often as it is told to."""

    protocol_version = "HTTP/1.1"
    busy: int
    status: int
    headers_then: dict[str, str]
    bodies: list[bytes]
    answer = b'{"made": true}'

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        refuses = type(self).busy > 0
        type(self).busy -= 1
        body = b'{"message": "storage is (re)initializing"}' if refuses else self.answer
        self.send_response(self.status if refuses else 201)
        for name, value in {"Content-Length": str(len(body)), **(self.headers_then if refuses else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(module.time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def server(slept: list[float]) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"busy": 0, "status": 429, "headers_then": {"Retry-After": "1"}, "bodies": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        handler.api = Api(Access(f"http://127.0.0.1:{serving.server_port}", Authority(), User(), "shop", "a test"))
        yield handler
        serving.shutdown()


@pytest.mark.parametrize("status", [429, 503])
def test_it_is_asked_again_when_it_says(server: type[Server], slept: list[float], status: int) -> None:
    server.busy, server.status = 3, status
    assert server.api.create("/sagas", {"a": 1}) == {"made": True}
    assert slept == [1, 1, 1]
    assert server.bodies == [b'{"a": 1}'] * 4


def test_credentials_that_cannot_be_read_spoil_no_connection(server: type[Server], tmp_path: Path) -> None:
    token = tmp_path / "token"
    server.api = Api(replace(server.api.access, user=User(token_file=token)))
    for _ in range(2):
        token.write_text("t")
        assert server.api.create("/sagas", {}) == {"made": True}
        token.unlink()
        for _ in range(2):
            with pytest.raises(CliError, match="cannot be read: No such file") as refused:
                server.api.create("/sagas", {})
            assert not isinstance(refused.value, NoAnswer)


def test_what_nobody_can_read_is_no_answer(server: type[Server]) -> None:
    server.answer = b"<html>"
    with pytest.raises(NoAnswer, match="cannot be read"):
        server.api.create("/sagas", {})


def test_nobody_waits_for_ever(server: type[Server], slept: list[float]) -> None:
    server.busy = 100
    with pytest.raises(ApiError, match="initializing"):
        server.api.create("/sagas", {})
    assert len(slept) == module._PATIENCE


def test_a_pause_has_a_bound(server: type[Server], slept: list[float]) -> None:
    server.busy, server.headers_then = 1, {"Retry-After": "3600"}
    server.api.create("/sagas", {})
    assert slept == [10]


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_without_a_time_is_final(server: type[Server], slept: list[float], status: int) -> None:
    server.busy, server.status, server.headers_then = 1, status, {}
    with pytest.raises(ApiError):
        server.api.create("/sagas", {})
    assert slept == []


def test_a_failure_that_may_have_done_something_is_final(server: type[Server], slept: list[float]) -> None:
    server.busy, server.status = 1, 500
    with pytest.raises(ApiError):
        server.api.create("/sagas", {})
    assert slept == []


def test_a_refusal_that_breaks_off_is_a_refusal(server: type[Server]) -> None:
    server.busy, server.status, server.headers_then = 1, 503, {"Content-Length": "1000", "Connection": "close"}
    with pytest.raises(ApiError, match="503 Service Unavailable"):
        server.api.create("/sagas", {})
