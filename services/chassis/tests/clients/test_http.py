"""HTTP calls against a server that really listens."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from skald.clients.http import HttpClient
from skald.clients.policy import DeadlineExceeded, Limits, Unavailable
from skald.deadline import deadline_scope, parse_deadline
from skald.logging import log_context
from skald.servicetokens import ServiceToken
from skald.tracing import server_span


class Ledger(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        status, body = self.server.answers.pop(0) if self.server.answers else (200, b"{}")
        if status is None:
            self.server.release.wait(10)
            status = 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ledger)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that gave up is no error here
    server.seen, server.answers, server.release = [], [], threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def token_file(tmp_path):
    (tmp_path / "test-provider").write_text("first\n")
    return tmp_path / "test-provider"


@pytest.fixture
def client(request, server, token_file):
    token = ServiceToken(token_file.parent, "test-provider")
    limits = Limits(shortest_pause=0.001)
    return HttpClient(request.node.name, f"http://127.0.0.1:{server.server_port}", token=token, limits=limits)


def test_a_call_carries_token_deadline_request_id_and_trace(server, client):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with log_context(request_id="r-1"), server_span("HTTP POST", {"traceparent": parent}):
        client.request("POST", "/v1/authorizations", body={"amount": 5}, headers={"Idempotency-Key": "k"}, timeout=2)
    (command, path, headers, body) = server.seen[0]
    assert (command, path, json.loads(body)) == ("POST", "/v1/authorizations", {"amount": 5})
    assert headers["Authorization"] == "Bearer first"
    assert headers["X-Request-ID"] == "r-1"
    assert headers["Idempotency-Key"] == "k"
    assert headers["traceparent"].split("-")[1] == parent.split("-")[1]
    assert 0 < parse_deadline(headers["X-Request-Deadline"]) <= 2


def test_a_renewed_token_is_used_at_once(server, client, token_file):
    client.request("GET", "/")
    token_file.write_text("second")
    client.request("GET", "/")
    assert [headers["Authorization"] for _, _, headers, _ in server.seen] == ["Bearer first", "Bearer second"]


def test_an_answer_below_500_is_the_callers_to_judge(server, client):
    server.answers = [(404, b'{"title": "Not Found"}'), (204, b"")]
    answer = client.request("GET", "/v1/things/1")
    assert (answer.status, answer.json) == (404, {"title": "Not Found"})
    assert client.request("GET", "/").json is None
    assert len(server.seen) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_target_in_trouble_is_asked_again_only_when_that_is_harmless(server, client, status):
    server.answers = [(status, b""), (200, b'{"ok": true}'), (status, b""), (status, b""), (201, b"{}")]
    assert client.request("GET", "/").json == {"ok": True}
    with pytest.raises(Unavailable, match=str(status)):
        client.request("POST", "/")
    assert client.request("POST", "/", idempotent=True).status == 201


def test_a_target_that_does_not_answer_is_given_up_in_time(server, client):
    server.answers = [(None, b"{}")]
    with pytest.raises(DeadlineExceeded):
        client.request("POST", "/", timeout=0.2)


def test_a_target_that_says_that_it_is_late_is_late(server, client):
    server.answers = [(504, b"")]
    with pytest.raises(DeadlineExceeded):
        client.request("POST", "/")


def test_a_target_that_is_not_there_is_unavailable(request):
    client = HttpClient(request.node.name, "http://127.0.0.1:1", limits=Limits(shortest_pause=0.001))
    with pytest.raises(Unavailable, match="NewConnectionError"):
        client.request("GET", "/")


@pytest.fixture
def unreachable():
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("timeout", [0.2, 2.0])
def test_a_target_that_takes_no_connection_is_unavailable(request, unreachable, method, timeout):
    with pytest.raises(Unavailable, match="no connection in") as refused:
        HttpClient(request.node.name, unreachable).request(method, "/", timeout=timeout)
    assert int(refused.value.headers["Retry-After"]) > 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_connection_in_what_a_hurried_caller_left_is_only_late(request, unreachable, method):
    client = HttpClient(request.node.name, unreachable, limits=Limits(failures=1, attempts=1))
    for _ in range(2):
        with deadline_scope(0.3), pytest.raises(DeadlineExceeded):
            client.request(method, "/")


def test_a_missing_token_file_is_named(server, client, token_file):
    token_file.unlink()
    with pytest.raises(FileNotFoundError, match="test-provider"):
        client.request("GET", "/")
    assert server.seen == []
