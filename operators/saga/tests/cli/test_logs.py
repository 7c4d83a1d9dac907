"""``logs``: what operator and services wrote about one saga, out of everything that the namespace's pods wrote."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from kubectl_saga.errors import CliError
from kubectl_saga.kube.access import Access, Authority, User
from kubectl_saga.kube.api import Api, ApiError
from kubectl_saga.kube.pods import Log, Pods
from kubectl_saga.kube.sagas import Sagas
from kubectl_saga.main import saga as cli
from kubectl_saga.session import Session

JSON = dict[str, Any]
SAGA = {
    "metadata": {"name": "order-1", "namespace": "shop", "creationTimestamp": "2026-11-23T10:00:00Z"},
    "status": {"startTime": "2026-11-23T10:00:00.100Z", "completionTime": "2026-11-23T10:00:01.000Z"},
}
RUNNING: JSON = {"state": {"running": {}}, "lastState": {}}


def said(message: str, *, saga: str = "shop/order-1", **more: str) -> str:
    return json.dumps({"level": "INFO", "service": "payments", "message": message, "saga": saga, **more})


def pod(name: str, **state: JSON) -> JSON:
    return {"metadata": {"name": name}, "status": {"containerStatuses": [{"name": "main", **RUNNING, **state}]}}


class Cluster:
    """Answers as an API server would: pods, two to a page, and what they have written."""

    def __init__(self) -> None:
        self.pods: list[JSON] = []
        self.written: dict[tuple[str, bool], list[str] | CliError] = {}
        self.asked: list[Mapping[str, str]] = []
        self.read = 0

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = "") -> JSON:
        if "/sagas/" in path:
            return SAGA
        begin = int((query or {}).get("continue", 0))
        more = {"continue": str(begin + 2)} if begin + 2 < len(self.pods) else {}
        return {"items": self.pods[begin : begin + 2], "metadata": more}

    def lines(self, path: str, query: Mapping[str, str]) -> Generator[bytes]:
        self.asked.append(query)
        found = self.written.get((path.split("/")[-2], "previous" in query), [])
        if isinstance(found, CliError):
            raise found
        for line in found:
            self.read += 1
            yield f"{line}\n".encode()


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def run(cluster: Cluster, *arguments: str) -> Result:
    session, api = Session(), cast("Api", cluster)
    session.__dict__.update(sagas=Sagas(api, "shop"), pods=Pods(api, "shop"))
    return CliRunner().invoke(cli, ["logs", "order-1", *arguments], obj=session, prog_name="kubectl saga")


def test_the_lines_of_all_pods_come_in_the_order_in_which_they_were_written(cluster: Cluster) -> None:
    cluster.pods = [pod("payments-1"), pod("orders-1"), pod("inventory-1")]
    cluster.written = {
        ("payments-1", False): [
            f"2026-11-23T10:00:00.300000000Z {said('payments.authorize succeeded', step='authorize-payment')}"
        ],
        ("orders-1", False): [f"2026-11-23T12:00:00.900000000+02:00 {said('it ended Succeeded', service='orders')}"],
        ("inventory-1", False): [f"2026-11-23T10:00:00.200000000Z {said('reserved', service='inventory')}"],
    }
    assert run(cluster).output.splitlines() == [
        "AT        SERVICE     STEP                LEVEL   MESSAGE",
        "+0.100s   inventory                       INFO    reserved",
        "+0.200s   payments    authorize-payment   INFO    payments.authorize succeeded",
        "+0.800s   orders                          INFO    it ended Succeeded",
    ]


def test_lines_about_others_and_lines_that_are_no_objects_are_left_out(cluster: Cluster) -> None:
    cluster.pods = [pod("payments-1")]
    at = "2026-11-23T10:00:00.300000000Z"
    others = (said("of order-10", saga="shop/order-10"), said("elsewhere", saga="test/order-1"))
    cluster.written["payments-1", False] = [
        *(f"{at} {text}" for text in (*others, "shop/order-1 as text", '["shop/order-1"]', said("ours"))),
        "unable to retrieve container logs for containerd://shop/order-1",
    ]
    assert [line["message"] for line in json.loads(run(cluster, "-o", "json").output)] == ["ours"]


def test_what_was_written_long_after_the_end_is_not_even_read(cluster: Cluster) -> None:
    cluster.pods = [pod("payments-1")]
    late = [f"2026-11-23T11:00:{second:02}.000000000Z {said('late')}" for second in range(50)]
    cluster.written["payments-1", False] = [f"2026-11-23T10:00:01.500000000Z {said('afterwards')}", *late]
    assert [line["message"] for line in json.loads(run(cluster, "-o", "json").output)] == ["afterwards"]
    assert cluster.read == 2
    assert cluster.asked[0]["sinceTime"] == "2026-11-23T09:59:00.000Z"


def test_a_container_that_was_started_again_is_asked_for_its_earlier_log_too(cluster: Cluster) -> None:
    ended = {"lastState": {"terminated": {}}}
    cluster.pods = [
        pod("again-1", **ended),
        pod("crashing-1", state={"waiting": {}}, **ended),
        pod("starting-1", state={"waiting": {}}),
    ]
    assert Pods(cast("Api", cluster), "shop").logs() == [
        Log("again-1", "main"),
        Log("again-1", "main", previous=True),
        Log("crashing-1", "main"),
    ]


def test_a_pod_that_went_meanwhile_is_passed_over_and_one_that_cannot_be_read_is_named(cluster: Cluster) -> None:
    cluster.pods = [pod("gone-1"), pod("broken-1"), pod("payments-1")]
    cluster.written = {
        ("gone-1", False): ApiError(HTTPStatus.NOT_FOUND, "pods gone-1 not found"),
        ("broken-1", False): ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "the node does not answer"),
        ("payments-1", False): [f"2026-11-23T10:00:00.300000000Z {said('ours')}"],
    }
    result = run(cluster)
    assert result.exit_code == 0
    assert result.stderr == "not read: main of broken-1: the node does not answer\n"
    assert "ours" in result.stdout


@pytest.mark.parametrize("where", ["list", "log"])
def test_without_the_rights_it_says_which(cluster: Cluster, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = ApiError(HTTPStatus.FORBIDDEN, "pods is forbidden", "Ask for a role such as saga-viewer.")
    cluster.pods = [pod("payments-1")]
    cluster.written["payments-1", False] = refusal

    def refused(path: str, query: object = None, accept: str = "") -> JSON:
        if path.endswith("/pods"):
            raise refusal
        return SAGA

    if where == "list":
        monkeypatch.setattr(cluster, "get", refused)
    result = run(cluster)
    assert result.exit_code == 1
    assert "get pods/log" in result.stderr
    assert "saga-viewer" not in result.stderr


def test_a_failure_is_shown_below_its_line_and_steers_no_terminal(cluster: Cluster) -> None:
    cluster.pods = [pod("payments-1")]
    failure = "Traceback:\n  File x\nKeyError: '\x1b[2J'"
    line = said("cannot handle it", level="ERROR", exc_info=failure)
    cluster.written["payments-1", False] = [f"2026-11-23T10:00:00.300000000Z {line}"]
    assert run(cluster).output.splitlines()[1:] == [
        "+0.200s   payments          ERROR   cannot handle it",
        "    Traceback:",
        "      File x",
        "    KeyError: '�[2J'",
    ]


def test_wide_names_pod_and_time(cluster: Cluster) -> None:
    cluster.pods = [pod("payments-1")]
    cluster.written["payments-1", False] = [f"2026-11-23T10:00:00.300000000Z {said('ours')}"]
    row = run(cluster, "-o", "wide").output.splitlines()[1]
    assert row.split()[:3] == ["+0.200s", "2026-11-23T10:00:00.300Z", "payments-1"]


def test_where_nobody_wrote_about_it_that_is_said(cluster: Cluster) -> None:
    result = run(cluster)
    assert (result.stdout, result.stderr) == ("", "No pod in namespace shop has a line about order-1.\n")
    assert json.loads(run(cluster, "-o", "json").output) == []


class Kubelet(BaseHTTPRequestHandler):
    """Writes three lines in chunks; ``?break`` ends in the middle of the second."""

    protocol_version = "HTTP/1.1"
    connections: set[object]

    def do_GET(self) -> None:
        self.connections.add(self.client_address)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in (b"one\n", b"two\n", b"three\n"):
            if line == b"two\n" and "break" in parse_qs(urlsplit(self.path).query):
                self.wfile.write(b"4\r\ntw")
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def served() -> Iterator[SimpleNamespace]:
    handler = type("Handler", (Kubelet,), {"connections": set()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # a client that hangs up is what is tried
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield SimpleNamespace(api=Api(Access(url, Authority(), User(), "shop", "a test")), handler=handler)
        server.shutdown()


def test_logs_read_to_their_end_share_one_connection(served: SimpleNamespace) -> None:
    for _ in range(3):
        assert list(served.api.lines("/log", {})) == [b"one\n", b"two\n", b"three\n"]
    assert len(served.handler.connections) == 1


def test_a_log_that_is_not_read_to_its_end_does_not_spoil_the_next_answer(served: SimpleNamespace) -> None:
    begun = served.api.lines("/log", {})
    assert next(begun) == b"one\n"
    begun.close()
    assert next(served.api.lines("/log", {})) == b"one\n"


def test_a_log_that_breaks_off_is_not_taken_for_a_whole_one(served: SimpleNamespace) -> None:
    with pytest.raises(CliError, match="broke off"):
        list(served.api.lines("/log", {"break": "1"}))
