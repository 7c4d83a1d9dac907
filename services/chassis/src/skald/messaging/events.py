"""Events in: CloudEvents from a queue of the service's own, each handled once as far as the inbox remembers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from opentelemetry.trace import SpanKind

from skald.logging import log_context
from skald.messaging.deliveries import Ack, Bury, Delivery, Refuse, Verdict
from skald.messaging.inbox import LEASE, Inbox, Taken
from skald.messaging.metrics import WorkerMetrics
from skald.mongo import StoreUnavailable, store_errors
from skald.tracing import server_span

__all__ = ["EventHandler", "ReceivedEvent", "Subscription", "read_event"]

logger = logging.getLogger(__name__)

JSON = Any
_Text = Annotated[str, msgspec.Meta(min_length=1)]
_FIRST_DELAY: Final = 0.2
_LONGEST_DELAY: Final = 30.0
_BUSY_DELAY: Final = LEASE.total_seconds() / 10
"""Half of the broker's delivery limit outlasts a lease, so nothing is dead-lettered for the claim of a dead handler."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A CloudEvent, as far as handlers need it."""

    id: str
    """The same each time this event is delivered."""
    type: str
    source: str
    subject: str
    data: Mapping[str, JSON]
    traceparent: str | None = None


@dataclass(frozen=True)
class Subscription:
    """The service's event queue and what to do with each type in it; other types are acked and left alone."""

    queue: str
    handlers: Mapping[str, Callable[[ReceivedEvent], None]]
    inbox: Inbox | None = None
    """Where handled ids are kept; None for handlers that may run twice without harm."""


class _CloudEvent(msgspec.Struct):
    """CloudEvents 1.0 in structured JSON mode."""

    specversion: Literal["1.0"]
    id: _Text
    source: _Text
    type: _Text
    subject: str = ""
    data: dict[str, JSON] = {}
    traceparent: str | None = None


def read_event(body: bytes) -> ReceivedEvent:
    """The event in a message. Raises ValueError, which says what is wrong."""
    try:
        event = msgspec.json.decode(body, type=_CloudEvent)
    except RecursionError:
        raise ValueError("the body is nested too deep") from None
    except msgspec.MsgspecError as error:
        raise ValueError(f"the body is no CloudEvent 1.0: {error}") from None
    return ReceivedEvent(event.id, event.type, event.source, event.subject, event.data, event.traceparent)


class EventHandler:
    """What the consumer of an event queue calls, from several threads."""

    def __init__(self, subscription: Subscription, metrics: WorkerMetrics) -> None:
        self.queue = subscription.queue
        self._handlers = subscription.handlers
        self._inbox = subscription.inbox
        self._metrics = metrics

    def handle(self, delivery: Delivery) -> Verdict:
        """What to do with the message. Raises StoreUnavailable."""
        try:
            event = read_event(delivery.envelope.body)
        except ValueError as error:
            self._metrics.buried.labels(self.queue).inc()
            return Bury(str(error))
        handler = self._handlers.get(event.type)
        if handler is None:
            return Ack()
        began = time.perf_counter()
        carrier = {} if event.traceparent is None else {"traceparent": event.traceparent}
        with log_context(message_id=event.id), server_span(event.type, carrier, kind=SpanKind.CONSUMER):
            result, verdict = self._once(handler, event, delivery.deliveries)
        self._metrics.events.labels(event.type, result).inc()
        self._metrics.event_seconds.labels(event.type).observe(time.perf_counter() - began)
        return verdict

    def _once(
        self, handler: Callable[[ReceivedEvent], None], event: ReceivedEvent, deliveries: int
    ) -> tuple[str, Verdict]:
        if self._inbox is None:
            return self._run(handler, event, deliveries)
        claim = self._inbox.claim(event.id)
        if claim is Taken.HANDLED:
            return "duplicate", Ack()
        if claim is Taken.BUSY:
            return "busy", Refuse(_BUSY_DELAY)
        try:
            result, verdict = self._run(handler, event, deliveries)
        except StoreUnavailable:
            self._inbox.release(claim)
            raise
        self._inbox.settle(claim, handled=isinstance(verdict, Ack))
        return result, verdict

    def _run(
        self, handler: Callable[[ReceivedEvent], None], event: ReceivedEvent, deliveries: int
    ) -> tuple[str, Verdict]:
        try:
            with store_errors():
                handler(event)
        except StoreUnavailable:
            raise
        except Exception:
            delay = min(_FIRST_DELAY * 2 ** min(deliveries, 20), _LONGEST_DELAY)
            logger.exception("%s %s cannot be handled; again in %.1f s", event.type, event.id, delay)
            return "failed", Refuse(delay)
        return "handled", Ack()
