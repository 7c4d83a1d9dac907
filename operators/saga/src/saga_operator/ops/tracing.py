"""Traces of sagas, told when they end: from what their status records, and from the attempts that were seen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
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
from skald_wire import Cancel, Command, Reply

from saga_operator.domain import moments
from saga_operator.domain.kinds import TRACEPARENT, Phase, Saga
from saga_operator.engine.ports import Ref

INSTRUMENT: Final = "saga_operator"
NANOSECONDS: Final = 1_000_000_000
ATTEMPTS: Final = 200
"""Of one saga that are remembered, the latest."""
SAGAS: Final = 10_000
"""Whose attempts are remembered."""


class NoTracing:
    """Implements ``Tracer`` where no collector is named."""

    def sent(self, saga: Ref, message: Command | Cancel, now: float) -> None:
        """Nothing."""

    def answered(self, saga: Ref, reply: Reply, now: float) -> None:
        """Nothing."""

    def record(self, saga: Saga) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@dataclass(slots=True)
class _Attempt:
    name: str
    step: str
    number: int
    command_id: str
    sent: float
    answered: float | None = None
    outcome: str = "Unanswered"


class Tracing:
    """Implements ``Tracer``: a span per saga below its starter's, in it one per step, in that one per attempt."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "saga-operator"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(INSTRUMENT)
        self._attempts: OrderedDict[Ref, list[_Attempt]] = OrderedDict()

    def sent(self, saga: Ref, message: Command | Cancel, now: float) -> None:
        """Remember it until the saga ends; of a saga that never does, until too many others came after it."""
        address = message.address
        name = f"cancel {address.routing_key}" if isinstance(message, Cancel) else address.routing_key
        attempts = self._attempts.setdefault(saga, [])
        attempts.append(_Attempt(name, address.step, message.attempt, address.command_id, now))
        del attempts[:-ATTEMPTS]
        if len(self._attempts) > SAGAS:
            self._attempts.popitem(last=False)

    def answered(self, saga: Ref, reply: Reply, now: float) -> None:
        """The attempt of that number has ended; a second answer to it says nothing new."""
        for attempt in reversed(self._attempts.get(saga, ())):
            if (attempt.command_id, attempt.number) == (reply.command_id, reply.attempt):
                if attempt.answered is None:
                    attempt.answered, attempt.outcome = now, reply.type.value
                return

    def record(self, saga: Saga) -> None:
        """Export the saga's spans in the background."""
        status = saga.status
        attempts = self._attempts.pop(Ref.of(saga.metadata), [])
        begin = moments.recall(status.start_time) or moments.recall(saga.metadata.creation_timestamp)
        if begin is None:
            return
        end = moments.recall(status.completion_time) or begin
        facts = {"skald.saga": str(Ref.of(saga.metadata)), "skald.phase": status.phase.value}
        failure = None
        if status.phase is not Phase.SUCCEEDED:
            failure = status.failure.code if status.failure is not None else status.phase.value
        span = self._span(f"saga {saga.spec.definition}", _parent(saga), (begin, end), facts, failure)
        for name, step in status.steps.items():
            mine = [attempt for attempt in attempts if attempt.step == name]
            began = moments.recall(step.started_at)
            if began is None:
                continue
            times = (began, max([moments.recall(step.finished_at) or end, *(each.answered or 0.0 for each in mine)]))
            inside = self._span(f"step {name}", span, times, {"skald.step": name, "skald.state": step.state.value})
            for each in mine:
                about: dict[str, str | int] = {"skald.attempt": each.number, "skald.outcome": each.outcome}
                failed = each.outcome if each.outcome in ("Failed", "Unanswered") else None
                self._span(each.name, inside, (each.sent, each.answered or times[1]), about, failed)

    def _span(
        self,
        name: str,
        parent: Context,
        times: tuple[float, float],
        facts: Mapping[str, str | int],
        failure: str | None = None,
    ) -> Context:
        """Export one span; what to make its children in."""
        begin, end = (int(moment * NANOSECONDS) for moment in times)
        span = self._tracer.start_span(name, context=parent, start_time=begin, attributes=facts)
        if failure is not None:
            span.set_status(SpanStatus(StatusCode.ERROR, failure))
        span.end(end)
        return trace.set_span_in_context(span, parent)

    def close(self) -> None:
        """Send what is still waiting."""
        self._provider.shutdown()


def _parent(saga: Saga) -> Context:
    header = saga.metadata.annotations.get(TRACEPARENT)
    return TraceContextTextMapPropagator().extract({"traceparent": header} if header else {})
