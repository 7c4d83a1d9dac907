"""Traces: W3C context in, spans, W3C context out. Spans leave the process only where an OTLP endpoint is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.types import AttributeValue

__all__ = ["client_span", "outgoing_headers", "server_span", "set_up_tracing"]


def set_up_tracing(service: str, endpoint: str | None) -> Callable[[], None]:
    """Exports spans to ``endpoint`` (base URL of an OTLP collector); None exports nothing.

    Call it once per process, after a fork. Returns what to call at the end, so that the last spans get out.
    """
    if endpoint is None:
        return lambda: None
    # Only here, because the SDK takes 10 MB that a process without a collector should not pay for.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider.shutdown


@contextmanager
def server_span(
    name: str,
    carrier: Mapping[str, str],
    attributes: Mapping[str, AttributeValue] | None = None,
    kind: SpanKind = SpanKind.SERVER,
) -> Iterator[Span]:
    """A span for work that somebody else asked for; ``carrier`` holds their ``traceparent`` (names in lower case)."""
    parent = propagate.extract(carrier)
    with trace.get_tracer("skald").start_as_current_span(name, parent, kind, attributes) as span:
        yield span


@contextmanager
def client_span(
    name: str, attributes: Mapping[str, AttributeValue] | None = None, kind: SpanKind = SpanKind.CLIENT
) -> Iterator[Span]:
    """A span for work that somebody else is asked to do."""
    with trace.get_tracer("skald").start_as_current_span(name, kind=kind, attributes=attributes) as span:
        yield span


def outgoing_headers() -> dict[str, str]:
    """``traceparent`` (and ``tracestate``) of the span at hand; empty outside any trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier
