"""gRPC end to end: our client, our server, and what stands in front of its methods."""

from __future__ import annotations

import logging
import threading

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import REGISTRY
from skald.clients.grpc import GrpcClient, Refused
from skald.clients.policy import DeadlineExceeded, Limits, Unavailable
from skald.deadline import BUDGET, remaining
from skald.grpcserver import make_server
from skald.logging import log_fields
from skald.mongo import StoreUnavailable
from skald.problems import Problem
from skald.servicetokens import ServiceToken
from skald.tokens import InvalidToken

ECHO = "/test.Echo/Say"
COUNTED = "/test.Echo/Count"
"""Called by one test only: what another left behind may still end meanwhile."""


class KnownCallers:
    def caller(self, token):
        if token == "forged":
            raise InvalidToken("its signature is wrong")
        if token == "early":
            raise Problem(503, "keys-unavailable", "Not now", "The keys could not be fetched yet.")
        return token


class Echo:
    """Answers what it is told to; keeps what it saw."""

    def __init__(self):
        self.seen = []
        self.errors = []
        self.silent = 0
        self.ended = threading.Event()

    def say(self, message, context):
        self.seen.append((message, dict(log_fields()), remaining()))
        if self.silent:
            self.silent -= 1
            self.ended.wait(30)
        if self.errors:
            raise self.errors.pop(0)
        return message.upper()

    def register(self, server):
        handlers = {
            "Say": grpc.unary_unary_rpc_method_handler(self.say),
            "Count": grpc.unary_unary_rpc_method_handler(self.say),
            "Pour": grpc.unary_stream_rpc_method_handler(lambda message, context: iter([message])),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))


@pytest.fixture
def echo():
    return Echo()


def serve(echo, port=0):
    server, status = make_server(echo.register, KnownCallers(), ("orders",))
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    status.set("", health_pb2.HealthCheckResponse.SERVING)
    return server, port


@pytest.fixture
def address(echo):
    server, port = serve(echo)
    yield f"127.0.0.1:{port}"
    echo.ended.set()
    server.stop(None).wait()


@pytest.fixture
def token_file(tmp_path):
    (tmp_path / "catalog").write_text("orders")
    return tmp_path / "catalog"


@pytest.fixture
def client(request, address, token_file):
    token = ServiceToken(token_file.parent, "catalog")
    client = GrpcClient(request.node.name, address, token=token, limits=Limits(shortest_pause=0.001))
    yield client
    client.close()


def say(client, message=b"harp", **options):
    return client.call(client.channel.unary_unary(ECHO), message, **options)


def test_an_allowed_caller_is_answered(client, echo):
    assert say(client, timeout=2.0) == b"HARP"
    (_, _, left) = echo.seen[0]
    assert 0 < left <= 2.0, "the deadline came along"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("payments", grpc.StatusCode.PERMISSION_DENIED),
        ("forged", grpc.StatusCode.UNAUTHENTICATED),
        ("", grpc.StatusCode.UNAUTHENTICATED),
    ],
)
def test_anybody_else_is_refused_before_the_handler_runs(client, echo, token_file, token, code):
    token_file.write_text(token)
    with pytest.raises(Refused) as refused:
        say(client, idempotent=True)
    assert refused.value.code == code
    assert echo.seen == []


def test_a_call_without_any_token_is_unauthenticated(address, request):
    client = GrpcClient(request.node.name, address)
    with pytest.raises(Refused) as refused:
        say(client)
    assert refused.value.code == grpc.StatusCode.UNAUTHENTICATED
    client.close()


def test_while_keys_are_unknown_callers_are_told_to_come_back(client, token_file):
    token_file.write_text("early")
    with pytest.raises(Unavailable, match="could not be fetched"):
        say(client)


@pytest.mark.parametrize(
    ("status", "code"), [(404, grpc.StatusCode.NOT_FOUND), (422, grpc.StatusCode.INVALID_ARGUMENT)]
)
def test_a_problem_becomes_its_status_code(client, echo, status, code):
    echo.errors = [Problem(status, "unknown-sku", "Unknown product", "There is no product lyre.")]
    with pytest.raises(Refused, match="There is no product lyre") as refused:
        say(client, idempotent=True)
    assert refused.value.code == code
    assert len(echo.seen) == 1


def test_a_database_that_is_away_is_worth_another_try(client, echo):
    echo.errors = [StoreUnavailable("away"), StoreUnavailable("away")]
    assert say(client, idempotent=True) == b"HARP"
    assert len(echo.seen) == 3


def test_what_nobody_expected_is_internal_without_its_cause(client, echo, caplog):
    echo.errors = [KeyError("secret of the house")]
    with caplog.at_level(logging.ERROR), pytest.raises(Unavailable) as refused:
        say(client)
    assert "secret of the house" not in refused.value.detail
    assert "secret of the house" in caplog.text


def test_streams_are_refused(address):
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/test.Echo/Pour")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"x", timeout=5)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_health_needs_no_token(address):
    with grpc.insecure_channel(address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_a_target_that_is_not_there_is_unavailable(request):
    client = GrpcClient(request.node.name, "127.0.0.1:1")
    for idempotent in (False, True):
        with pytest.raises(Unavailable):
            say(client, timeout=2.0, idempotent=idempotent)
    client.close()


def test_a_call_between_two_replicas_waits_for_the_second(request, echo, token_file):
    first, port = serve(echo)
    client = GrpcClient(request.node.name, f"127.0.0.1:{port}", token=ServiceToken(token_file.parent, "catalog"))
    say(client, timeout=30)
    first.stop(None).wait()
    with pytest.raises(Unavailable):
        say(client, timeout=30)
    replicas = []
    starter = threading.Timer(0.5, lambda: replicas.append(serve(echo, port)))
    starter.start()
    assert say(client, timeout=30, idempotent=True) == b"HARP"
    starter.join()
    ((second, _),) = replicas
    client.close()
    second.stop(None).wait()


def say_nothing_once(client, echo):
    """From now on, when the connection is there: to make it takes its time too."""
    say(client, timeout=30)
    echo.seen.clear()
    echo.silent = 1


def test_who_says_nothing_is_asked_again_in_time(client, echo):
    say_nothing_once(client, echo)
    assert say(client, timeout=4.0, idempotent=True) == b"HARP"
    assert len(echo.seen) >= 2


def test_who_may_be_asked_only_once_and_says_nothing_is_late(client, echo):
    say_nothing_once(client, echo)
    with pytest.raises(DeadlineExceeded):
        say(client, timeout=1.0)
    assert len(echo.seen) == 1


def test_calls_are_measured_by_method_and_code(client):
    def count():
        labels = {"method": COUNTED, "code": "OK"}
        return REGISTRY.get_sample_value("grpc_request_duration_seconds_count", labels) or 0

    before = count()
    client.call(client.channel.unary_unary(COUNTED), b"harp")
    assert count() == before + 1


def test_a_caller_without_a_deadline_gets_the_budget(address, echo):
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(ECHO)(b"x", metadata=[("authorization", "Bearer orders"), ("x-request-id", "r-9")])
    (_, fields, left) = echo.seen[0]
    assert 0 < left <= BUDGET
    assert fields["request_id"] == "r-9"
