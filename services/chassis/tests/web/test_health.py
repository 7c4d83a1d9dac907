"""Readiness is about the own database and about stopping; it is asked often and must be cheap."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import Counter
from skald.health import HealthServer, Readiness
from skald.settings import Bind

SEEN = Counter("test_health_seen", "Something that the process counted")


class Database:
    def __init__(self):
        self.asked = 0
        self.away = False

    def ping(self):
        self.asked += 1
        if self.away:
            raise ConnectionError("mongodb://orders:secret@db is away")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_database_is_asked_once_a_second_at_most():
    database, clock = Database(), Clock()
    readiness = Readiness(database.ping, clock=clock)
    for _ in range(100):
        assert readiness.reason_against() is None
    assert database.asked == 1
    database.away = True
    clock.now += 1
    assert "ConnectionError" in (readiness.reason_against() or "")
    assert database.asked == 2
    database.away = False
    assert readiness.reason_against(), "the verdict is kept"
    clock.now += 1
    assert readiness.reason_against() is None


def test_the_reason_does_not_show_what_the_error_says():
    database = Database()
    database.away = True
    assert "secret" not in (Readiness(database.ping).reason_against() or "")


def test_draining_is_final_and_asks_nobody():
    database = Database()
    readiness = Readiness(database.ping)
    readiness.drain()
    assert readiness.reason_against() == "it is stopping"
    assert database.asked == 0


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


@pytest.fixture
def readiness():
    return Readiness(lambda: None)


@pytest.fixture
def server(readiness):
    server = HealthServer(Bind(host="127.0.0.1", port=0), readiness)
    server.start()
    yield server
    server.stop()


def test_a_worker_answers_probes_and_scrapes(server, readiness):
    SEEN.inc()
    assert get(server.port, "/livez")[0] == 200
    assert get(server.port, "/readyz")[0] == 200
    status, content_type, text = get(server.port, "/metrics")
    assert (status, content_type.split(";")[0]) == (200, "text/plain")
    assert "test_health_seen_total" in text
    readiness.drain()
    status, content_type, text = get(server.port, "/readyz")
    assert (status, content_type) == (503, "application/problem+json")
    assert json.loads(text)["type"] == "urn:skald:problem:not-ready"
    assert get(server.port, "/livez")[0] == 200
    assert get(server.port, "/else")[0] == 404


def test_a_taken_port_is_named_with_its_setting(server):
    with pytest.raises(OSError, match=f"SKALD_METRICS_BIND=127.0.0.1:{server.port}"):
        HealthServer(Bind(host="127.0.0.1", port=server.port)).start()


def test_without_readiness_there_are_only_metrics():
    server = HealthServer(Bind(host="127.0.0.1", port=0))
    server.start()
    try:
        assert get(server.port, "/metrics")[0] == 200
        assert get(server.port, "/readyz")[0] == 404
    finally:
        server.stop()


def test_stop_frees_the_port(readiness):
    server = HealthServer(Bind(host="127.0.0.1", port=0), readiness)
    server.start()
    port = server.port
    server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
