"""A log line is one JSON object, with its context and without anything that would let a reader in."""

from __future__ import annotations

import io
import json
import logging
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span
from skald.logging import JsonLines, add_log_fields, log_context, log_fields, redact


@pytest.fixture
def log():
    logger = logging.getLogger("test.lines")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("orders"))
    logger.addHandler(handler)
    yield logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def fail(text):
    raise ValueError(text)


def test_a_line_has_the_fields_that_people_search_for(log):
    logger, lines = log
    with log_context(request_id="r-1", saga="shop/order-1", step="reserve-stock", message_id="m-1", subject="ada"):
        logger.warning("stock is %s", "low", extra={"sku": "harp"})
    (line,) = lines()
    time = line.pop("time")
    assert datetime.fromisoformat(time).tzinfo == UTC
    assert time.endswith("Z")
    assert line == {
        "level": "WARNING",
        "service": "orders",
        "logger": "test.lines",
        "message": "stock is low",
        "request_id": "r-1",
        "saga": "shop/order-1",
        "step": "reserve-stock",
        "message_id": "m-1",
        "subject": "ada",
        "sku": "harp",
    }
    assert list(lines()[0])[:5] == ["time", "level", "service", "logger", "message"]


def test_an_exception_stays_on_its_line(log):
    logger, lines = log
    try:
        fail("first\nsecond")
    except ValueError:
        logger.exception("it failed")
    (line,) = lines()
    assert "ValueError: first\nsecond" in line["exc_info"]


def test_extra_cannot_pose_as_the_lines_own_fields(log):
    logger, lines = log
    logger.info("hello", extra={"service": "identity", "level": "DEBUG"})
    assert (lines()[0]["service"], lines()[0]["level"]) == ("orders", "INFO")


def test_the_trace_at_hand_is_on_the_line(log):
    logger, lines = log
    span = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1))
    with use_span(NonRecordingSpan(span)):
        logger.info("hello")
    assert lines()[0]["trace_id"] == f"{0xABC:032x}"
    assert lines()[0]["span_id"] == f"{0xDEF:016x}"


def test_contexts_nest_and_end():
    with log_context(request_id="r-1", saga=None):
        add_log_fields(subject="ada")
        with log_context(step="pay"):
            assert log_fields() == {"request_id": "r-1", "subject": "ada", "step": "pay"}
        assert log_fields() == {"request_id": "r-1", "subject": "ada"}
    assert log_fields() == {}


def test_a_context_is_one_threads_own():
    seen = []
    with log_context(request_id="r-1"):
        thread = threading.Thread(target=lambda: seen.append(dict(log_fields())))
        thread.start()
        thread.join()
    assert seen == [{}]


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Bearer {JWT}", JWT),
        ("authorization: bearer abcdef123456", "abcdef123456"),
        ("Authorization: Basic ZGVtbzpzZWNyZXQ=", "ZGVtbzpzZWNyZXQ="),
        (f"token {JWT} was refused", JWT),
        ("{'access_token': 'abc.def-123', 'token_type': 'x'}", "abc.def-123"),
        ("Cookie: session=abc; theme=dark", "session=abc; theme=dark"),
        ("Set-Cookie: session=abc; HttpOnly", "abc; HttpOnly"),
        ("grant_type=client_credentials&client_secret=s3cr3t-value&scope=a", "s3cr3t-value"),
        ('{"password": "hunter2hunter2"}', "hunter2hunter2"),
        ("mongodb://orders:p4ssw0rd@127.0.0.1:27017/?x=1", "p4ssw0rd"),
        ("cannot connect to amqp://orders:p%40ss@127.0.0.1/shop", "p%40ss"),
        ("card 4111111111111111 declined", "4111111111111111"),
        ("card 4111 1111 1111 1111 declined", "4111 1111 1111 1111"),
        ("card 3782-822463-10005", "3782-822463-10005"),
        ("cvc=123", "123"),
    ],
)
def test_secrets_in_a_message_are_hidden(log, text, secret):
    logger, lines = log
    logger.info("it said: %s", text)
    logger.info("it said", extra={"detail": {"inner": [text]}})
    try:
        fail(text)
    except ValueError:
        logger.exception("it failed")
    for line in lines():
        assert secret not in json.dumps(line)
        assert "[redacted]" in json.dumps(line)


@pytest.mark.parametrize(
    "name",
    ["authorization", "Authorization", "cookie", "set_cookie", "client_secret", "access_token", "password", "api_key",
     "card_number", "cardNumber", "cvc", "pan"],
)  # fmt: skip
def test_fields_with_a_telling_name_are_hidden_whatever_they_hold(log, name):
    logger, lines = log
    logger.info("hello", extra={name: "quite plain", "outer": {name: ["quite plain"]}})
    assert "quite plain" not in json.dumps(lines()[0])


@pytest.mark.parametrize(
    "text",
    [
        "order 018f3a52-7f3d-7c1e-9d2a-111122223333 placed",
        "1700000000000000006 is a time in nanoseconds, and 4111111111111112 no card number",
        "mongodb://127.0.0.1:27017 answers",
        "step authorize-payment of saga shop/order-1 took 12 ms",
        "the token is refused: it has expired",
        "span pantry, token bucket",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert redact(text) == text


leaves = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_redaction_is_total_and_settles(value):
    once = redact(value)
    assert redact(once) == once
