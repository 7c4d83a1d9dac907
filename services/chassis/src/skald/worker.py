"""The worker role: consumes commands and events, relays the outbox, runs further loops, and drains on SIGTERM."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from prometheus_client import REGISTRY
from pymongo.database import Database

from skald.ending import Ending
from skald.health import HealthServer, Readiness
from skald.logging import set_up_logging
from skald.messaging.commands import CommandHandler
from skald.messaging.consumer import Consumer
from skald.messaging.events import EventHandler, Subscription
from skald.messaging.metrics import WorkerMetrics
from skald.messaging.participant import Participant
from skald.messaging.publisher import Publisher
from skald.messaging.relay import Relay
from skald.mongo import Document, StoreUnavailable, ping, store_errors
from skald.outbox import Outbox
from skald.settings import WorkerSettings
from skald.tracing import set_up_tracing

__all__ = ["DRAIN", "Loop", "run_worker"]

logger = logging.getLogger(__name__)

_PREPARE_AGAIN: Final = 1.0
DRAIN: Final = 25.0
"""Seconds that draining may take: below the chart's grace period, so that a process that hangs says where."""


class Loop(Protocol):
    """Something that runs beside the consumers, such as the starter."""

    @property
    def name(self) -> str:
        """For the thread and the log."""

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; an exception ends the whole process."""


def run_worker(
    settings: WorkerSettings,
    database: Database[Document],
    *,
    participant: Participant[Any] | None = None,
    outboxes: Sequence[Outbox] = (),
    subscriptions: Sequence[Subscription] = (),
    loops: Sequence[Loop] = (),
    prepare: Sequence[Callable[[], object]] = (),
) -> None:
    """Run until SIGTERM or SIGINT, then finish what is in hand and return.

    What is not finished after 25 seconds is left to the next process: this one writes the stacks of its threads to
    stderr and exits with 1.

    ``prepare`` is what must have been done before anything is consumed or relayed, such as making indexes; each is
    safe to repeat, because neither the broker nor the database has to be there yet. Exits with 1 when one of the
    threads fails: its supervisor starts it again, and the register answers what was in hand.
    """
    set_up_logging(settings.service, settings.log_level)
    flush_traces = set_up_tracing(settings.service, settings.trace_endpoint)
    worker = _Worker(settings, database)
    if participant is not None:
        worker.consume_commands(participant)
    for subscription in subscriptions:
        worker.consume_events(subscription)
    if outboxes:
        worker.relay(outboxes)
    inboxes = [one.inbox for one in subscriptions if one.inbox is not None]
    indexes = [*(one.ensure_index for one in outboxes), *(one.ensure_index for one in inboxes)]
    worker.prepare(*indexes, *prepare)
    for loop in (*inboxes, *loops):
        worker.add(loop.name, partial(loop.run, worker.stopping))
    worker.ending.heed_signals()
    healthy = worker.run()
    flush_traces()
    if not healthy:
        sys.exit(1)


class _Worker:
    """The threads of one process, and how each of them is stopped."""

    def __init__(self, settings: WorkerSettings, database: Database[Document]) -> None:
        self.ending = Ending()
        self.stopping = threading.Event()
        self._settings = settings
        self._database = database
        self._metrics = WorkerMetrics(REGISTRY)
        self._consumers: list[Consumer] = []
        self._threads: list[tuple[threading.Thread, Callable[[], None]]] = []
        self._preparations: tuple[Callable[[], object], ...] = ()
        self._healthy = True

    def consume_commands(self, participant: Participant[Any]) -> None:
        handler = CommandHandler(participant, self._settings.broker_user, self._metrics)
        self._consume(handler.queue, handler)

    def consume_events(self, subscription: Subscription) -> None:
        self._consume(subscription.queue, EventHandler(subscription, self._metrics))

    def _consume(self, queue: str, handler: CommandHandler | EventHandler) -> None:
        consumer = Consumer(
            self._settings.amqp_url.get_secret_value(),
            queue,
            handler.handle,
            threads=self._settings.worker_threads,
            probe=partial(ping, self._database),
            name=f"{self._settings.service} {queue}",
        )
        self._metrics.watch_consumer(queue, lambda: consumer.consuming)
        self._consumers.append(consumer)
        self.add(queue, consumer.run, stop=consumer.drain)

    def relay(self, outboxes: Sequence[Outbox]) -> None:
        service = self._settings.service
        publisher = Publisher(self._settings.amqp_url.get_secret_value(), f"{service} relay")
        relay = Relay(outboxes, publisher, service, self._metrics)
        self.add("relay", partial(relay.run, self.stopping))
        self.add("publisher", publisher.run, stop=publisher.close)

    def add(self, name: str, body: Callable[[], None], *, stop: Callable[[], None] = lambda: None) -> None:
        """A thread to run, and what makes it end besides ``stopping``. They are ended in the order of adding."""
        thread = threading.Thread(target=self._guard, args=(name, body), name=name)
        self._threads.append((thread, stop))

    def prepare(self, *preparations: Callable[[], object]) -> None:
        """What comes before the threads."""
        self._preparations += preparations

    def run(self) -> bool:
        """False when a thread failed."""
        readiness = Readiness(self._check)
        health = HealthServer(self._settings.metrics_bind, readiness)
        health.start()
        if self._prepared():
            for thread, _ in self._threads:
                thread.start()
            logger.info("%s worker runs: %s", self._settings.service, ", ".join(one.name for one, _ in self._threads))
            self.ending.wait()
            logger.info("%s worker drains", self._settings.service)
            faulthandler.dump_traceback_later(DRAIN, exit=True)
            readiness.drain()
            self._end_threads()
        health.stop()
        return self._healthy

    def _prepared(self) -> bool:
        """False when the process is told to end before the database was there."""
        while True:
            try:
                for prepare in self._preparations:
                    with store_errors():
                        prepare()
            except StoreUnavailable as error:
                logger.warning("%s worker waits to start: %s", self._settings.service, error)
            else:
                return True
            if self.ending.told_within(_PREPARE_AGAIN):
                return False

    def _end_threads(self) -> None:
        self.stopping.set()
        for thread, stop in self._threads:
            stop()
            thread.join()

    def _guard(self, name: str, body: Callable[[], None]) -> None:
        try:
            body()
        except Exception:
            logger.exception("the thread %s failed, so this process ends", name)
            self._healthy = False
            self.ending.tell()

    def _check(self) -> None:
        ping(self._database)
        for consumer in self._consumers:
            if not consumer.consuming:
                raise ConnectionError(f"{consumer.queue} is not consumed")
