"""The operator's side of the broker, for tests: sends commands, and collects the replies to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pika
from skald_wire import Cancel, Command, Envelope, Reply, decode_reply, encode
from skald_wire.names import REPLIES_EXCHANGE

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, deadline: float = 30.0) -> T:
    """What ``look`` returns once that is true; fails the test when it never is."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {deadline} s")


class OperatorProbe:
    """One connection as the broker user saga-operator, with a reply queue of its own."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self.queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(self.queue, REPLIES_EXCHANGE, self.queue)

    def send(self, message: Command | Cancel) -> None:
        self.publish(encode(replace(message, reply_to=self.queue), user_id="saga-operator"))

    def publish(self, envelope: Envelope) -> None:
        properties = pika.BasicProperties(
            headers=dict(envelope.headers),
            message_id=envelope.message_id,
            correlation_id=envelope.correlation_id,
            type=envelope.type,
            reply_to=envelope.reply_to,
            user_id=envelope.user_id,
            delivery_mode=2,
        )
        self._channel.basic_publish(envelope.exchange, envelope.routing_key, envelope.body, properties, mandatory=True)

    def reply(self, deadline: float = 30.0) -> Reply:
        """The next reply. The participant's user is in it, because the broker has checked it."""
        return eventually(self._next, "a reply", deadline)

    def ask(self, message: Command | Cancel) -> Reply:
        self.send(message)
        return self.reply()

    def silent(self) -> bool:
        """Whether no reply has come so far."""
        return self._next() is None

    def _next(self) -> Reply | None:
        method, properties, body = self._channel.basic_get(self.queue, auto_ack=True)
        if method is None:
            return None
        return decode_reply(
            Envelope(
                exchange=method.exchange,
                routing_key=method.routing_key,
                message_id=properties.message_id,
                correlation_id=properties.correlation_id,
                type=properties.type,
                headers=properties.headers,
                body=body,
                user_id=properties.user_id,
            )
        )

    def close(self) -> None:
        self._connection.close()


class BrokerAdmin:
    """What a person with all rights sees: how full queues are, what events went by."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()

    def depth(self, queue: str) -> int:
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)

    def subscribe(self, key: str) -> str:
        queue = str(self._channel.queue_declare("", exclusive=True).method.queue)
        self._channel.queue_bind(queue, "events", key)
        return queue

    def take(self, queue: str) -> tuple[Any, bytes] | None:
        """Properties and body, removed from the queue."""
        method, properties, body = self._channel.basic_get(queue, auto_ack=True)
        return None if method is None else (properties, body)

    def publish(self, exchange: str, key: str, body: bytes, **properties: Any) -> None:
        self._channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))

    def close(self) -> None:
        self._connection.close()
