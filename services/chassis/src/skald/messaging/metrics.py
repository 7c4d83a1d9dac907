"""What a worker counts. Labels name commands, event types and queues, never ids."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["WorkerMetrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class WorkerMetrics:
    """The metrics of one worker process, registered once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.commands = Counter(
            "skald_commands", "Commands and cancels answered", ["command", "kind", "answer"], registry=registry
        )
        self.command_seconds = Histogram(
            "skald_command_seconds",
            "From a command's arrival to its answer",
            ["command"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.events = Counter("skald_events", "Events handled", ["type", "result"], registry=registry)
        self.event_seconds = Histogram(
            "skald_event_seconds", "From an event's arrival to its end", ["type"], buckets=_SECONDS, registry=registry
        )
        self.buried = Counter("skald_unreadable", "Messages copied to a dead queue", ["queue"], registry=registry)
        self.published = Counter(
            "skald_outbox_published", "Events that left the outbox", ["type", "result"], registry=registry
        )
        self._consuming = Gauge("skald_consuming", "1 while the queue is consumed", ["queue"], registry=registry)
        self._outbox_lag = Gauge(
            "skald_outbox_lag_seconds", "Age of the oldest event that is not published", ["outbox"], registry=registry
        )

    def watch_consumer(self, queue: str, consuming: Callable[[], bool]) -> None:
        """Have ``consuming`` asked at each scrape."""
        # begins at nought, else the queue's first unreadable message would be no increase
        self.buried.labels(queue)
        self._consuming.labels(queue).set_function(lambda: float(consuming()))

    def watch_outbox(self, outbox: str, lag: Callable[[], float]) -> None:
        """Have ``lag`` (seconds) asked at each scrape."""
        self._outbox_lag.labels(outbox).set_function(lag)
