"""The other sides of the broker, for tests of a participant's process: the operator's, and an administrator's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
from skald_wire import Cancel, Command, Envelope, Reply, decode_reply, encode
from skald_wire.names import REPLIES_EXCHANGE

from skald.messaging.frames import received
from skald.testing.waiting import eventually

__all__ = ["BrokerAdmin", "OperatorProbe"]


def _connect(url: str) -> pika.BlockingConnection:
    parameters = pika.URLParameters(url)
    # A test does other things for minutes, in which nobody would answer the broker's heartbeats.
    parameters.heartbeat = 0
    return pika.BlockingConnection(parameters)


class OperatorProbe:
    """One connection as the broker user that the URL names, with a reply queue of its own."""

    def __init__(self, url: str) -> None:
        self._connection = _connect(url)
        self.user = unquote(urlsplit(url).username or "")
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self.queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(self.queue, REPLIES_EXCHANGE, self.queue)

    def send(self, message: Command | Cancel) -> None:
        """Send a command or a cancel as the operator does."""
        self.publish(encode(replace(message, reply_to=self.queue), user_id=self.user))

    def publish(self, envelope: Envelope) -> None:
        """Send anything, also what no operator would."""
        properties = pika.BasicProperties(
            headers=dict(envelope.headers),
            message_id=envelope.message_id,
            correlation_id=envelope.correlation_id,
            type=envelope.type,
            reply_to=envelope.reply_to,
            user_id=envelope.user_id,
            expiration=envelope.expiration,
            delivery_mode=2,
        )
        self._channel.basic_publish(envelope.exchange, envelope.routing_key, envelope.body, properties, mandatory=True)

    def reply(self) -> Reply:
        """The next reply. The participant's user is in it, because the broker has checked it."""
        reply = eventually("a reply", self._next)
        assert reply is not None
        return reply

    def ask(self, message: Command | Cancel) -> Reply:
        """Send it and wait for the next reply."""
        self.send(message)
        return self.reply()

    def silent(self) -> bool:
        """Whether no reply has come so far."""
        return self._next() is None

    def _next(self) -> Reply | None:
        envelope = self.take()
        return None if envelope is None else decode_reply(envelope)

    def take(self) -> Envelope | None:
        """The next message in the reply queue, whatever it is; None when there is none so far."""
        method, properties, body = self._channel.basic_get(self.queue, auto_ack=True)
        return None if method is None else received(method, properties, body)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class BrokerAdmin:
    """What a person with all rights sees: how full queues are, what events went by."""

    def __init__(self, url: str) -> None:
        self._connection = _connect(url)
        self._channel = self._connection.channel()

    def depth(self, queue: str) -> int:
        """How many messages wait there."""
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)

    def subscribe(self, key: str) -> str:
        """A queue of one's own for the events with this key; returns its name."""
        queue = str(self._channel.queue_declare("", exclusive=True).method.queue)
        self._channel.queue_bind(queue, "events", key)
        return queue

    def take(self, queue: str) -> tuple[Any, bytes] | None:
        """Properties and body, removed from the queue."""
        method, properties, body = self._channel.basic_get(queue, auto_ack=True)
        return None if method is None else (properties, body)

    def publish(self, exchange: str, key: str, body: bytes, **properties: Any) -> None:
        """Send anything anywhere."""
        self._channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
