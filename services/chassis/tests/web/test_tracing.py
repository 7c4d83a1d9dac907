"""The trace of who called us goes on to whom we call, with or without a collector."""

from __future__ import annotations

from opentelemetry import trace
from skald.tracing import client_span, outgoing_headers, server_span, set_up_tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_callers_trace_is_carried_on():
    with server_span("HTTP GET", {"traceparent": PARENT}), client_span("GET catalog"):
        assert outgoing_headers()["traceparent"].split("-")[1] == PARENT.split("-")[1]
    assert outgoing_headers() == {}


def test_a_malformed_trace_is_ignored():
    with server_span("HTTP GET", {"traceparent": "nonsense"}):
        assert outgoing_headers() == {}


def test_without_a_collector_nothing_is_set_up():
    before = trace.get_tracer_provider()
    set_up_tracing("orders", None)()
    assert trace.get_tracer_provider() is before
