"""Consumes one queue: messages are handled by a pool of threads, off the connection's thread, so heartbeats never wait.

A message is acked only after its handler's verdict is carried out. While the database is away nothing is consumed: what
was fetched goes back uncounted (nack), because the broker's delivery limit is a guard against crash loops, not outages.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from pika import BasicProperties
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from pika.spec import Basic
from skald_wire import Envelope
from skald_wire.names import dead_queue

from skald.messaging.confirms import ConfirmChannel, Unconfirmed
from skald.messaging.deliveries import Ack, Bury, Delivery, Refuse, Verdict, dead_copy
from skald.messaging.frames import CONTENT_TYPE, received, send
from skald.messaging.link import Link
from skald.mongo import StoreUnavailable

__all__ = ["Consumer"]

logger = logging.getLogger(__name__)

_LONGEST_PROBE_PAUSE: Final = 5.0
_AFTER_A_BUG: Final = 1.0
_AFTER_A_LOST_COPY: Final = 1.0
_NOT_FOUND: Final = 404

Handle = Callable[[Delivery], Verdict]


class Consumer:
    """One queue on a connection of its own. ``run`` is the body of its thread."""

    def __init__(
        self, url: str, queue: str, handle: Handle, *, threads: int, probe: Callable[[], object], name: str
    ) -> None:
        """``handle`` raises StoreUnavailable while the database is away; ``probe`` raises until it is back."""
        self.queue = queue
        self.threads = threads
        self.link = Link(url, name, self._new_session)
        self._handle = handle
        self._probe = probe
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=queue)
        self._session: _Session | None = None
        self._held = False
        self._draining = threading.Event()

    def run(self) -> None:
        """Consume until ``drain``."""
        self.link.run()

    def drain(self) -> None:
        """Take nothing more, finish what is in hand, then close. Waits for the handlers."""
        self._draining.set()
        ended = threading.Event()
        if self.link.soon(lambda: self._stop_consuming(ended.set)):
            ended.wait(timeout=5)
        self._pool.shutdown(wait=True)
        self.link.close()

    @property
    def consuming(self) -> bool:
        """Whether messages are being taken: connected, and neither draining nor waiting for the database."""
        return self._session is not None and self._session.consuming

    @property
    def may_consume(self) -> bool:
        """Whether a session should take messages now."""
        return not (self._held or self._draining.is_set())

    def _new_session(self) -> _Session:
        self._session = _Session(self)
        return self._session

    def _stop_consuming(self, then: Callable[[], None]) -> None:
        if self._session is None:
            then()
        else:
            self._session.cancel(then)

    def take(self, session: _Session, tag: int, delivery: Delivery) -> None:
        """A message has come: to the pool with it."""
        if self._draining.is_set():
            session.give_back(tag)
            return
        self._pool.submit(self._work, session, tag, delivery)

    def _work(self, session: _Session, tag: int, delivery: Delivery) -> None:
        try:
            verdict = self._handle(delivery)
        except StoreUnavailable as error:
            self.link.soon(partial(self._hold, session, tag, str(error)))
            return
        except Exception:
            logger.exception("%s: cannot handle message %s", self.queue, delivery.envelope.message_id)
            verdict = Refuse(_AFTER_A_BUG)
        # Without a connection the broker delivers it again; the register answers then.
        self.link.soon(partial(session.settle, tag, delivery.envelope, verdict))

    def _hold(self, session: _Session, tag: int, reason: str) -> None:
        """The database is away: stop consuming, give the message back, and ask until it answers."""
        if not self._held:
            self._held = True
            logger.warning("%s: stops consuming until the database answers: %s", self.queue, reason)
            self._stop_consuming(lambda: None)
            threading.Thread(target=self._await_store, name=f"{self.queue} probe", daemon=True).start()
        session.give_back(tag)

    def _await_store(self) -> None:
        pause = 0.1
        while not self._draining.wait(random.uniform(pause / 2, pause)):  # noqa: S311 - jitter is no secret
            pause = min(2 * pause, _LONGEST_PROBE_PAUSE)
            try:
                self._probe()
            except Exception as error:  # noqa: BLE001 - whatever it raises, the database is not back
                logger.info("%s: the database is still away: %s", self.queue, error)
            else:
                self._held = False
                logger.info("%s: the database answers again", self.queue)
                self.link.soon(self._resume)
                return

    def _resume(self) -> None:
        if self._session is not None:
            self._session.consume()


class _Session:
    """One connection's worth of consuming. Runs on the link's thread."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._channel: Channel | None = None
        self._copies: ConfirmChannel | None = None
        self._tag: str | None = None

    @property
    def consuming(self) -> bool:
        return self._tag is not None

    def opened(self, connection: SelectConnection) -> None:
        connection.channel(on_open_callback=self._copies_opened)

    def lost(self) -> None:
        self._channel = self._tag = None
        if self._copies is not None:
            self._copies.lost()

    def _copies_opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._channel_closed)
        connection = channel.connection
        self._copies = ConfirmChannel(channel, lambda: connection.channel(on_open_callback=self._channel_opened))

    def _channel_opened(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_cancel_callback(lambda _: self._consumer.link.drop())
        channel.basic_qos(prefetch_count=self._consumer.threads)
        # Passive: the topology is declared in one place, the broker's definitions; here it is only looked for.
        channel.queue_declare(
            dead_queue(self._consumer.queue),
            passive=True,
            callback=lambda _: channel.queue_declare(
                self._consumer.queue, passive=True, callback=lambda _: self.consume()
            ),
        )

    def _channel_closed(self, _channel: Channel, reason: Exception) -> None:
        advice = "; load its definitions into this vhost" if getattr(reason, "reply_code", 0) == _NOT_FOUND else ""
        logger.warning("%s: the broker closed the channel: %s%s", self._consumer.queue, reason, advice)
        self._channel = self._tag = None
        self._consumer.link.drop()

    def consume(self) -> None:
        if self._channel is not None and self._tag is None and self._consumer.may_consume:
            self._tag = self._channel.basic_consume(self._consumer.queue, self._received)

    def cancel(self, then: Callable[[], None]) -> None:
        tag, self._tag = self._tag, None
        if self._channel is None or not self._channel.is_open or tag is None:
            then()
        else:
            self._channel.basic_cancel(tag, callback=lambda _: then())

    def _received(self, _channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        envelope = received(method, properties, body)
        deliveries = envelope.headers.get("x-delivery-count", 0)
        self._consumer.take(self, method.delivery_tag, Delivery(envelope, deliveries))

    def settle(self, tag: int, envelope: Envelope, verdict: Verdict) -> None:
        if self._channel is None or not self._channel.is_open:
            return
        match verdict:
            case Ack(reply):
                if reply is not None:
                    send(self._channel, reply, persistent=False)
                self._channel.basic_ack(tag)
            case Bury(reason):
                self._bury(tag, envelope, reason)
            case Refuse(delay):
                self._later(delay, lambda channel: channel.basic_reject(tag, requeue=True))

    def give_back(self, tag: int) -> None:
        if self._channel is not None and self._channel.is_open:
            self._channel.basic_nack(tag, requeue=True)

    def _bury(self, tag: int, envelope: Envelope, reason: str) -> None:
        queue = self._consumer.queue
        logger.error("%s: message %s goes to %s: %s", queue, envelope.message_id, dead_queue(queue), reason)
        copy = dead_copy(envelope, queue, reason)

        def copied(problem: Unconfirmed | None) -> None:
            if problem is None:
                self._later(0, lambda channel: channel.basic_ack(tag))
            else:
                logger.error("%s: no copy of %s: %s", queue, envelope.message_id, problem)
                self._later(_AFTER_A_LOST_COPY, lambda channel: channel.basic_nack(tag, requeue=True))

        if self._copies is not None:
            self._copies.publish(copy, copied, CONTENT_TYPE)

    def _later(self, delay: float, act: Callable[[Channel], Any]) -> None:
        channel = self._channel
        if channel is not None and channel.is_open:
            channel.connection.ioloop.call_later(delay, lambda: act(channel) if channel.is_open else None)
