"""The gRPC server in this process, with callers' tokens from the real Kubernetes API."""

import subprocess
from contextlib import suppress

import grpc
import pytest
from catalog.grpc import CALLERS
from catalog.quotes import QuotesServicer
from catalog.settings import CatalogGrpc
from skald.grpcserver import make_server
from skald.servicetokens import CallerVerifier
from skald.testing.waiting import eventually
from skald_contracts.catalog.v1 import quotes_pb2, quotes_pb2_grpc


def serve(parts, products):
    """A started server on a port of its own, and a channel to it."""
    settings = CatalogGrpc.from_env(parts.env("catalog-grpc"))
    quotes = QuotesServicer(products)
    server, _ = make_server(
        lambda server: quotes_pb2_grpc.add_QuotesServicer_to_server(quotes, server),
        CallerVerifier(settings, audience="catalog"),
        CALLERS,
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, grpc.insecure_channel(f"127.0.0.1:{port}")


@pytest.fixture(scope="module")
def channel(parts, products):
    server, channel = serve(parts, products)
    token = token_of(parts, "orders", "catalog")

    def knows_the_keys():
        with suppress(grpc.RpcError):
            return ask(channel, token, ("harp", 1))

    with channel:
        eventually("callers' tokens can be checked", knows_the_keys)
        yield channel
    server.stop(None)


def token_of(parts, account, audience):
    command = [parts.kubectl, "create", "token", account, "--audience", audience, "--namespace", parts.namespace]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def orders_token(parts):
    return token_of(parts, "orders", "catalog")


def ask(channel, token, *lines):
    request = quotes_pb2.GetQuoteRequest(lines=[quotes_pb2.Line(sku=sku, quantity=number) for sku, number in lines])
    metadata = [("authorization", f"Bearer {token}")] if token else []
    return quotes_pb2_grpc.QuotesStub(channel).GetQuote(request, metadata=metadata, timeout=10)


def refusal(channel, token, *lines):
    with pytest.raises(grpc.RpcError) as refused:
        ask(channel, token, *lines)
    return refused.value.code(), refused.value.details()


def test_a_basket_is_priced_line_by_line(channel, orders_token):
    answer = ask(channel, orders_token, ("harp", 2), ("drum", 3))
    assert [(line.sku, line.quantity, line.unit_price.amount, line.total.amount) for line in answer.lines] == [
        ("harp", 2, 129_900, 259_800),
        ("drum", 3, 24_900, 74_700),
    ]
    assert (answer.total.amount, answer.total.currency) == (334_500, "EUR")
    assert list(answer.unknown_skus) == []


def test_unknown_skus_are_an_answer_and_no_error(channel, orders_token):
    answer = ask(channel, orders_token, ("kazoo", 1), ("harp", 1))
    assert list(answer.unknown_skus) == ["kazoo"]
    assert not answer.lines
    assert not answer.HasField("total")


def test_a_basket_that_nobody_could_price_is_an_invalid_argument(channel, orders_token):
    code, detail = refusal(channel, orders_token, ("harp", -1))
    assert (code, detail) == (grpc.StatusCode.INVALID_ARGUMENT, "harp: the quantity must be 1 to 1000, not -1.")


def test_a_caller_without_a_token_is_unauthenticated(channel):
    code, _ = refusal(channel, None, ("harp", 1))
    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_for_another_service_is_unauthenticated(channel, parts):
    code, detail = refusal(channel, token_of(parts, "orders", "test-provider"), ("harp", 1))
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert "not meant for catalog" in detail


def test_a_service_that_is_not_on_the_list_is_denied(channel, parts):
    code, detail = refusal(channel, token_of(parts, "payments", "catalog"), ("harp", 1))
    assert (code, detail) == (grpc.StatusCode.PERMISSION_DENIED, "The service payments may not call this method.")


def test_a_database_that_is_away_is_unavailable(parts, unreachable, orders_token):
    server, channel = serve(parts, unreachable)
    with channel:
        code, _ = refusal(channel, orders_token, ("harp", 1))
    server.stop(None)
    assert code is grpc.StatusCode.UNAVAILABLE
