from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from saga_operator.domain import moments
from saga_operator.engine.ports import Ref
from saga_operator.ops.tracing import SAGAS, Tracing
from skald_wire import Address, Command, Direction, OnFailure, Reply, ReplyType

from operators.saga.tests.unit.engine.doubles import finished_saga

HERE = Ref("shop", "order-1")
BEGAN = moments.parse("2026-01-01T00:00:00.5Z")
TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_saga_is_a_span_below_its_starter_with_a_child_per_step() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    tracing.record(finished_saga({"skald.dev/traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}))
    tracing.close()
    saga, step = exporter.get_finished_spans()
    assert (saga.name, step.name) == ("saga place-order-v1", "step reserve")
    assert format(saga.context.trace_id, "032x") == TRACE
    assert step.parent is not None
    assert step.parent.span_id == saga.context.span_id
    assert saga.end_time - saga.start_time == 2_000_000_000
    assert step.end_time - step.start_time == 1_000_000_000


def attempt(number: int) -> tuple[Command, Reply]:
    """A command of step reserve, and its answer."""
    address = Address("id-1", "key", "shop/order-1", "reserve", "inventory", "reserve", Direction.FORWARD, "f")
    command = Command(
        address, input={}, attempt=number, on_failure=OnFailure.COMPENSATE, issued_at="2026-01-01T00:00:00Z"
    )
    reply = Reply(
        command_id="id-1",
        type=ReplyType.FAILED if number == 1 else ReplyType.SUCCEEDED,
        body={},
        saga=address.saga,
        step="reserve",
        direction=Direction.FORWARD,
        fingerprint="f",
        attempt=number,
    )
    return command, reply


def test_each_attempt_of_a_step_is_a_span_in_the_steps() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    for number in (1, 2):
        command, reply = attempt(number)
        tracing.sent(HERE, command, BEGAN + number)
        tracing.answered(HERE, reply, BEGAN + number + 0.25)
        tracing.answered(HERE, reply, BEGAN + 9)
    tracing.record(finished_saga())
    tracing.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    tries = [span for span in exporter.get_finished_spans() if span.name == "inventory.reserve"]
    assert [span.attributes["skald.outcome"] for span in tries] == ["Failed", "Succeeded"]
    assert all(span.parent.span_id == spans["step reserve"].context.span_id for span in tries)
    assert [span.end_time - span.start_time for span in tries] == pytest.approx([250_000_000] * 2, rel=1e-3)


def test_attempts_of_sagas_that_never_end_are_forgotten_in_the_end() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    command, _ = attempt(1)
    for ref in (HERE, *(Ref("shop", f"other-{number}") for number in range(SAGAS))):
        tracing.sent(ref, command, BEGAN)
    tracing.record(finished_saga())
    tracing.close()
    assert "inventory.reserve" not in [span.name for span in exporter.get_finished_spans()]


def test_a_saga_that_nobody_traced_begins_a_trace_of_its_own() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    tracing.record(finished_saga())
    tracing.close()
    assert exporter.get_finished_spans()[0].parent is None
