"""Events out: from the documents' outboxes to the events exchange, forgotten there once the broker has confirmed them.

A crash between confirm and forgetting publishes an event twice, under the same id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from skald_wire import Envelope
from skald_wire.names import EVENTS_EXCHANGE, Header

from skald.messaging.confirms import Unconfirmed, Unroutable
from skald.messaging.metrics import WorkerMetrics
from skald.messaging.publisher import Publisher
from skald.mongo import StoreUnavailable
from skald.outbox import Outbox, Waiting, cloud_event

__all__ = ["Relay"]

logger = logging.getLogger(__name__)

CLOUD_EVENTS: Final = "application/cloudevents+json"
_POLL: Final = 0.1
_IDLE_POLL: Final = 0.4
_CONFIRM_TIMEOUT: Final = 10.0
"""Seconds for all confirms of a round together: the broker is asked for all of them before the first is waited for."""
_LONGEST_PAUSE: Final = 5.0


class Relay:
    """Empties the outboxes of one service. ``run`` is the body of its thread."""

    def __init__(self, outboxes: Sequence[Outbox], publisher: Publisher, source: str, metrics: WorkerMetrics) -> None:
        """``source`` is the events' CloudEvents source, and names the service."""
        self._outboxes = outboxes
        self._publisher = publisher
        self._source = source
        self._metrics = metrics
        self._since: dict[str, float] = {}
        for outbox in outboxes:
            metrics.watch_outbox(outbox.name, partial(self._lag, outbox.name))

    def run(self, stop: threading.Event) -> None:
        """Publish what waits until ``stop``: every 100 ms, less often while nothing comes or something is away."""
        pause = _POLL
        while not stop.wait(pause):
            try:
                pause = _POLL if self.relay_once() else min(2 * pause, _IDLE_POLL)
            except (StoreUnavailable, Unconfirmed) as error:
                pause = min(2 * pause, _LONGEST_PAUSE)
                logger.warning("the outbox waits: %s; again in %.1f s", error, pause)

    def relay_once(self) -> int:
        """Publish all that waits now; how many events the broker has confirmed.

        Raises StoreUnavailable, or Unconfirmed when at least one event could not be published; the others are settled.
        """
        return sum(self._empty(outbox) for outbox in self._outboxes)

    def _empty(self, outbox: Outbox) -> int:
        waiting = outbox.waiting()
        self._since[outbox.name] = waiting[0].since if waiting else 0.0
        if not waiting:
            return 0
        futures = [self._publish(one) for one in waiting]
        ends = time.monotonic() + _CONFIRM_TIMEOUT
        settled, problem = [], None
        for one, confirms in zip(waiting, futures, strict=True):
            failed = self._failure(one, confirms, ends)
            if failed is None:
                settled.append(one)
            problem = problem or failed
        outbox.published(settled)
        if problem is not None:
            raise problem
        return sum(len(one.events) for one in settled)

    def _publish(self, waiting: Waiting) -> list[Future[None]]:
        envelopes = [self._envelope(event) for event in waiting.events]
        return self._publisher.publish(envelopes, CLOUD_EVENTS)

    def _envelope(self, stored: Any) -> Envelope:
        return Envelope(
            exchange=EVENTS_EXCHANGE,
            routing_key=stored["type"],
            message_id=stored["id"],
            correlation_id="",
            type=stored["type"],
            headers={Header.TRACEPARENT: stored["traceparent"]} if "traceparent" in stored else {},
            body=cloud_event(stored, self._source),
        )

    def _failure(self, waiting: Waiting, confirms: Sequence[Future[None]], ends: float) -> Unconfirmed | None:
        """Why a document's events are not all published. One that nobody subscribes to is published all the same.

        After ``ends`` (monotonic seconds) only what is confirmed already counts.
        """
        problem: Unconfirmed | None = None
        for event, confirm in zip(waiting.events, confirms, strict=True):
            result = "confirmed"
            try:
                confirm.result(timeout=max(0.0, ends - time.monotonic()))
            except Unroutable:
                result = "nobody"
            except (Unconfirmed, TimeoutError) as error:
                result = "unconfirmed"
                problem = Unconfirmed(f"{event['type']} {event['id']}: {error!r}")
            self._metrics.published.labels(event["type"], result).inc()
        return problem

    def _lag(self, name: str) -> float:
        since = self._since.get(name, 0.0)
        return max(0.0, time.time() - since) if since else 0.0
