"""A service as a process: its roles, gunicorn's workers, and how it stops."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from skald.testing.ports import free_port
from skald.web.jsonbody import BODY_LIMIT

HERE = Path(__file__).parent
DEADLINE = 30.0


def run(*roles):
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "tiny_service.py", *roles],
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_role_loads_only_what_it_needs():
    assert run("worker").stdout.split() == ["False", "False"]


@pytest.mark.parametrize("roles", [(), ("nothing",), ("web", "worker")])
def test_an_unknown_role_is_answered_with_the_known_ones(roles):
    ended = run(*roles)
    assert ended.returncode == 2
    assert "web, grpc, worker, misconfigured" in ended.stderr


def test_missing_settings_end_in_one_message_without_a_traceback():
    ended = run("misconfigured")
    assert ended.returncode == 1
    assert {"SKALD_BIND", "SKALD_ISSUER", "SKALD_SERVICE"} <= set(re.findall(r"SKALD_[A-Z_]+", ended.stderr))
    assert "Traceback" not in ended.stderr


class Service:
    """A role of the tiny service that listens, with two processes where it is the web role."""

    def __init__(self, role, folder, **more):
        self.port, self.metrics_port = free_port(), free_port()
        self.log = folder / "log"
        self.release_slow = folder / "release"
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.tmp),
            "RELEASE_SLOW": str(self.release_slow),
            "SKALD_SERVICE": "tiny",
            "SKALD_NAMESPACE": "shop",
            "SKALD_BIND": f"127.0.0.1:{self.port}",
            "SKALD_GRPC_BIND": f"127.0.0.1:{self.port}",
            "SKALD_METRICS_BIND": f"127.0.0.1:{self.metrics_port}",
            "SKALD_ISSUER": "https://shop.example",
            "SKALD_JWKS_URL": "https://shop.example/jwks.json",
            "SKALD_WEB_WORKERS": "2",
            "SKALD_WEB_THREADS": "2",
            **more,
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "tiny_service.py", role], cwd=HERE, env=environment, stdout=output, stderr=output
            )

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def get(self, path, port=None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=DEADLINE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def until(self, holds):
        ends = time.monotonic() + DEADLINE
        while time.monotonic() < ends:
            try:
                if holds():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"it did not happen within {DEADLINE} s; the log:\n{self.log.read_text()}")


@pytest.fixture
def service(tmp_path):
    service = Service("web", tmp_path)
    try:
        service.until(lambda: service.get("/readyz")[0] == 200)
        yield service
    finally:
        service.process.kill()
        service.process.wait()


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP, as a collector of traces does."""

    def do_POST(self):
        self.server.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_with_a_collector_spans_get_out_before_the_process_ends(collector, tmp_path):
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    service = Service("web", tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    try:
        service.until(lambda: service.get("/fast")[0] == 200)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(DEADLINE) == 0
    finally:
        service.process.kill()
        service.process.wait()
    assert {path for path, _ in collector.got} == {"/v1/traces"}
    sent = b"".join(body for _, body in collector.got)
    assert b"GET /fast" in sent
    assert b"tiny" in sent


@pytest.fixture
def grpc_service(tmp_path):
    service = Service("grpc", tmp_path)
    try:
        service.until(lambda: service.get("/readyz", service.metrics_port)[0] == 200)
        yield service
    finally:
        service.process.kill()
        service.process.wait()


def test_the_grpc_role_serves_health_and_stops_in_good_order(grpc_service):
    with grpc.insecure_channel(f"127.0.0.1:{grpc_service.port}") as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    grpc_service.process.send_signal(signal.SIGTERM)
    assert grpc_service.process.wait(DEADLINE) == 0
    assert {json.loads(line)["service"] for line in grpc_service.log.read_text().splitlines()} == {"tiny"}


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(service):
    def post(size):
        connection = service.connection()
        body = iter([b'"', b"x" * size, b'"'])
        connection.request("POST", "/echo", body, {"Content-Type": "application/json"}, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, answer.read()

    assert post(10) == (200, b'{"got":"xxxxxxxxxx"}\n')
    status, problem = post(BODY_LIMIT)
    assert status == 413
    assert json.loads(problem)["type"] == "urn:skald:problem:request-entity-too-large"


def requests_counted(service):
    text = service.get("/metrics", service.metrics_port)[1]
    pattern = r'^http_request_duration_seconds_count\{method="GET",route="/fast",status="200"\} ([\d.]+)'
    return sum(float(count) for count in re.findall(pattern, text, re.MULTILINE))


def test_metrics_of_all_workers_meet_on_the_other_port(service):
    for _ in range(40):
        assert service.get("/fast")[0] == 200
    assert requests_counted(service) == 40
    assert service.get("/metrics")[0] == 404


def test_every_line_of_the_log_is_json(service):
    service.get("/fast")
    lines = service.log.read_text().splitlines()
    assert {json.loads(line)["service"] for line in lines} == {"tiny"}


def test_sigterm_finishes_what_is_under_way_and_tells_the_others(service):
    kept = service.connection()
    kept.request("GET", "/readyz")
    assert kept.getresponse().read()
    answers = []
    slow = threading.Thread(target=lambda: answers.append(service.get("/slow")))
    slow.start()
    service.until(lambda: "slow began" in service.log.read_text())
    service.process.send_signal(signal.SIGTERM)
    service.until(lambda: "Handling signal: term" in service.log.read_text())
    service.until(lambda: draining_on(kept))
    service.release_slow.touch()
    slow.join()
    assert [status for status, _ in answers] == [200]
    assert service.process.wait(DEADLINE) == 0
    assert list(service.tmp.iterdir()) == [], "the metrics' folder is gone"


def draining_on(connection):
    """What a probe sees on the connection that it has kept."""
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 503


def test_a_dead_worker_is_replaced_and_what_it_counted_stays(service):
    for _ in range(5):
        service.get("/fast")
    service.until(lambda: len(booted(service)) == 2)
    os.kill(booted(service)[0], signal.SIGKILL)
    service.until(lambda: len(booted(service)) == 3)
    service.until(lambda: service.get("/fast")[0] == 200)
    assert requests_counted(service) >= 6


def booted(service):
    return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", service.log.read_text())]
