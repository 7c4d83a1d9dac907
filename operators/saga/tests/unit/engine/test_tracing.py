from __future__ import annotations

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from saga_operator.ops.tracing import Tracing

from operators.saga.tests.unit.engine.doubles import finished_saga

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_saga_is_a_span_below_its_starter_with_a_child_per_step() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    tracing.record(finished_saga({"skald.dev/traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}))
    tracing.close()
    step, saga = exporter.get_finished_spans()
    assert (saga.name, step.name) == ("saga place-order-v1", "step reserve")
    assert format(saga.context.trace_id, "032x") == TRACE
    assert step.parent is not None
    assert step.parent.span_id == saga.context.span_id
    assert saga.end_time - saga.start_time == 2_000_000_000
    assert step.end_time - step.start_time == 1_000_000_000


def test_a_saga_that_nobody_traced_begins_a_trace_of_its_own() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(exporter)
    tracing.record(finished_saga())
    tracing.close()
    assert exporter.get_finished_spans()[-1].parent is None
