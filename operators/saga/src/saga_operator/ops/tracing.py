"""Traces of sagas, told after the fact from what their status records: nothing is kept or measured while one runs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Status as SpanStatus
from opentelemetry.trace import StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from saga_operator.domain.kinds import TRACEPARENT, Phase, Saga

INSTRUMENT: Final = "saga_operator"
NANOSECONDS: Final = 1_000_000_000


class NoTracing:
    """Implements ``Tracer`` where no collector is named."""

    def record(self, saga: Saga) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Tracing:
    """Implements ``Tracer``: one span per saga with a child per step, below the span of whoever created the saga."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "saga-operator"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(INSTRUMENT)

    def record(self, saga: Saga) -> None:
        """Export the saga's spans in the background."""
        status = saga.status
        begin = _nanoseconds(status.start_time or saga.metadata.creation_timestamp)
        end = _nanoseconds(status.completion_time) or begin
        if begin is None:
            return
        attributes = {
            "skald.saga": f"{saga.metadata.namespace}/{saga.metadata.name}",
            "skald.phase": status.phase.value,
        }
        span = self._tracer.start_span(
            f"saga {saga.spec.definition}", context=_parent(saga), start_time=begin, attributes=attributes
        )
        if status.phase is not Phase.SUCCEEDED:
            span.set_status(SpanStatus(StatusCode.ERROR, None if status.failure is None else status.failure.code))
        inside = trace.set_span_in_context(span)
        for name, step in status.steps.items():
            started, finished = _nanoseconds(step.started_at), _nanoseconds(step.finished_at)
            if started is not None:
                facts = {"skald.step": name, "skald.state": step.state.value}
                child = self._tracer.start_span(f"step {name}", context=inside, start_time=started, attributes=facts)
                child.end(finished or end)
        span.end(end)

    def close(self) -> None:
        """Send what is still waiting."""
        self._provider.shutdown()


def _parent(saga: Saga) -> Context:
    header = saga.metadata.annotations.get(TRACEPARENT)
    return TraceContextTextMapPropagator().extract({"traceparent": header} if header else {})


def _nanoseconds(moment: str | None) -> int | None:
    return None if not moment else int(datetime.fromisoformat(moment).timestamp() * NANOSECONDS)
