"""The one connection to the broker: it opens again whenever it ends, each time with a new reply queue.

connect -> channel -> confirms on -> own queue -> bound -> consuming -> ``opened``
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pika
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.frame import Method
from pika.spec import Basic
from skald_wire import Envelope
from skald_wire.names import REPLIES_EXCHANGE, Header

from saga_operator.amqp.codec import from_delivery, to_properties
from saga_operator.amqp.confirms import Confirms, Done, Mark, Outcome
from saga_operator.amqp.connection import CoalescingConnection

log = logging.getLogger(__name__)

FIRST_BACKOFF: Final = 0.2
LONGEST_BACKOFF: Final = 5.0
"""Seconds between tries to connect."""
HEARTBEAT: Final = 20
"""Seconds; a dead peer is noticed within twice that."""
BLOCKED: Final = 60
"""Seconds that a broker short of memory or disk may hold us up before the connection is given up."""


class Transport:
    """Publishes with confirms, hands over what arrives on its reply queue. All methods belong to one event loop."""

    def __init__(self, url: str, *, receive: Callable[[Envelope], None], opened: Callable[[], None]) -> None:
        self._parameters = _parameters(url)
        self._receive = receive
        self._opened = opened
        self._connection: CoalescingConnection | None = None
        self._channel: Channel | None = None
        self._confirms = Confirms()
        self._failures = 0
        self._closing = False
        self._retry: asyncio.TimerHandle | None = None
        self._is_open = asyncio.Event()
        self._is_closed = asyncio.Event()
        self.reply_to = ""
        """This connection's reply queue; empty while there is none."""

    @property
    def is_open(self) -> bool:
        """Whether a publish would go out now."""
        return self._is_open.is_set()

    @property
    def in_flight(self) -> int:
        """Publishes that wait for their confirm."""
        return len(self._confirms)

    async def wait_open(self) -> None:
        """Return when a publish would go out."""
        await self._is_open.wait()

    def open(self) -> None:
        """Connect, and connect again whenever the connection ends."""
        self._retry = None
        self._connection = CoalescingConnection(
            self._parameters,
            on_open_callback=self._on_connected,
            on_open_error_callback=self._on_ended,
            on_close_callback=self._on_ended,
            custom_ioloop=asyncio.get_running_loop(),
        )

    async def close(self, seconds: float) -> None:
        """End the connection for good."""
        self._closing = True
        if self._retry is not None:
            self._retry.cancel()
        elif self._connection is not None and not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()
            try:
                await asyncio.wait_for(self._is_closed.wait(), seconds)
            except TimeoutError:
                log.warning("the broker did not answer the goodbye within %g s", seconds)

    def publish(self, envelope: Envelope, done: Done, *, content_type: str, mandatory: bool) -> None:
        """Send; ``done`` is called once, with the outcome. While there is no connection at once, with LOST."""
        if self._channel is None or not self.is_open:
            done(Outcome.LOST)
            return
        properties = to_properties(envelope, content_type=content_type)
        try:
            self._channel.basic_publish(
                envelope.exchange, envelope.routing_key, envelope.body, properties, mandatory=mandatory
            )
        except AMQPError as error:  # the channel closed under our hands; its callback follows
            log.warning("a publish failed: %r", error, extra={"message_id": envelope.message_id})
            done(Outcome.LOST)
            return
        self._confirms.published(_mark(properties), done)

    def _on_connected(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_returned)
        channel.add_on_cancel_callback(partial(self._on_cancelled, channel))
        channel.confirm_delivery(self._on_confirm, callback=partial(self._on_confirming, channel))

    def _on_confirming(self, channel: Channel, _: Method) -> None:
        channel.queue_declare("", exclusive=True, callback=partial(self._on_queue, channel))

    def _on_queue(self, channel: Channel, frame: Method) -> None:
        queue = frame.method.queue
        bound = partial(self._on_bound, channel, queue)
        channel.queue_bind(queue, REPLIES_EXCHANGE, routing_key=queue, callback=bound)

    def _on_bound(self, channel: Channel, queue: str, _: Method) -> None:
        # Acked at once (rule I2): a lost reply costs a re-send, and the register answers again.
        consuming = partial(self._on_consuming, queue)
        channel.basic_consume(queue, self._on_message, auto_ack=True, exclusive=True, callback=consuming)

    def _on_consuming(self, queue: str, _: Method) -> None:
        self.reply_to = queue
        self._failures = 0
        self._is_open.set()
        log.info("connected to the broker at %s, replies come to %s", self._address, queue)
        self._opened()

    def _on_message(self, _: Channel, deliver: Basic.Deliver, properties: pika.BasicProperties, body: bytes) -> None:
        self._receive(from_delivery(deliver, properties, body))

    def _on_confirm(self, frame: Method) -> None:
        method = frame.method
        self._confirms.settled(method.delivery_tag, multiple=method.multiple, taken=isinstance(method, Basic.Ack))

    def _on_returned(self, _: Channel, __: Basic.Return, properties: pika.BasicProperties, ___: bytes) -> None:
        self._confirms.returned(_mark(properties))

    def _on_cancelled(self, channel: Channel, _: Method) -> None:
        """The reply queue is gone while the connection lives: publishes would be confirmed, and no reply arrive."""
        self._give_up(channel, f"deleted the reply queue {self.reply_to}")

    def _on_channel_closed(self, channel: Channel, reason: BaseException) -> None:
        self._give_up(channel, f"closed the channel: {reason!r}")

    def _give_up(self, channel: Channel, what: str) -> None:
        if not (channel.connection.is_closing or channel.connection.is_closed):
            log.error("the broker %s; connecting again", what)
            channel.connection.close()

    def _on_ended(self, _: Any, reason: BaseException | str) -> None:
        self._channel = None
        self.reply_to = ""
        self._is_open.clear()
        confirms, self._confirms = self._confirms, Confirms()
        confirms.lose_all()
        if self._closing:
            self._is_closed.set()
            return
        self._failures += 1
        ceiling = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(self._failures, 10))
        seconds = ceiling * (0.5 + 0.5 * random.random())  # noqa: S311  not a secret
        log.warning("no connection to the broker at %s, trying again in %.1f s: %r", self._address, seconds, reason)
        self._retry = asyncio.get_running_loop().call_later(seconds, self.open)

    @property
    def _address(self) -> str:
        return f"{self._parameters.host}:{self._parameters.port}/{self._parameters.virtual_host}"


def _parameters(url: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    parameters.heartbeat = HEARTBEAT
    parameters.blocked_connection_timeout = BLOCKED
    parameters.client_properties = {"connection_name": "saga-operator"}
    return parameters


def _mark(properties: pika.BasicProperties) -> Mark:
    return (properties.message_id, properties.type, (properties.headers or {}).get(Header.ATTEMPT))
