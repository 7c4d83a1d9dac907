from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saga_operator.amqp.replies import Replies
from saga_operator.domain.events import ReplyArrived
from saga_operator.engine.ports import Ref
from skald_wire import Envelope

from operators.saga.tests.unit.engine.doubles import TallyMetrics

HEADERS = {
    "wire": 1,
    "saga": "shop/order-1",
    "step": "reserve",
    "direction": "Forward",
    "fingerprint": "ab" * 32,
    "attempt": 1,
}


def envelope(**changes: Any) -> Envelope:
    fields: dict[str, Any] = {
        "exchange": "saga.replies",
        "routing_key": "amq.gen-1",
        "message_id": "m1",
        "correlation_id": "c1",
        "type": "Succeeded",
        "headers": HEADERS,
        "body": b"{}",
        "user_id": "inventory",
    }
    return Envelope(**{**fields, **changes})


def receive(message: Envelope) -> tuple[list[tuple[Ref, Any]], int]:
    delivered: list[tuple[Ref, Any]] = []
    metrics = TallyMetrics()
    Replies(lambda ref, event: delivered.append((ref, event)), metrics).receive(message)
    return delivered, metrics.counts["replies", (("type", "malformed"),)]


def test_i2_a_reply_goes_to_the_saga_that_it_names() -> None:
    delivered, malformed = receive(envelope())
    assert malformed == 0
    [(ref, event)] = delivered
    assert ref == Ref("shop", "order-1")
    assert isinstance(event, ReplyArrived)
    assert event.reply.user_id == "inventory"


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"\xff"},
        {"body": b"[]"},
        {"type": "Perhaps"},
        {"correlation_id": ""},
        {"headers": {}},
        {"headers": {**HEADERS, "wire": 7}},
        {"headers": {**HEADERS, "saga": "no-slash"}},
        {"headers": {**HEADERS, "attempt": "one"}},
    ],
)
def test_a_malformed_reply_is_dropped_and_counted(changes: dict[str, Any]) -> None:
    assert receive(envelope(**changes)) == ([], 1)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=8)


@given(
    headers=st.dictionaries(st.sampled_from([*HEADERS, "final"]), scalars | st.lists(scalars, max_size=2)),
    body=st.binary(max_size=20) | st.text(max_size=20).map(str.encode),
    kind=st.sampled_from(["Succeeded", "Failed", "Cancelled", ""]),
)
def test_nothing_that_arrives_can_raise(headers: dict[str, Any], body: bytes, kind: str) -> None:
    receive(envelope(headers={**HEADERS, **headers}, body=body, type=kind))
