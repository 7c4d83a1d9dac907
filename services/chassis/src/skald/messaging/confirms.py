"""Publishing that is known to have arrived: many confirms in flight, and unroutable messages told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic
from skald_wire import Envelope

from skald.messaging.frames import send

__all__ = ["ConfirmChannel", "Done", "Unconfirmed", "Unroutable"]


class Unconfirmed(Exception):
    """The broker did not confirm the message: it may or may not have it."""


class Unroutable(Unconfirmed):
    """The broker has no queue for the message."""


Done = Callable[[Unconfirmed | None], None]
"""Called once per message, on the link's thread, with None when the broker has it."""


class ConfirmChannel:
    """A channel in confirm mode. Used on the link's thread only."""

    def __init__(self, channel: Channel, ready: Callable[[], None]) -> None:
        self._channel = channel
        self._last = 0
        self._waiting: dict[int, tuple[Envelope, Done]] = {}
        self._returned: set[str] = set()
        channel.add_on_return_callback(self._came_back)
        channel.confirm_delivery(self._settled, callback=lambda _: ready())

    def publish(self, envelope: Envelope, done: Done, content_type: str) -> None:
        """Send it, persistent and mandatory. ``envelope.message_id`` must not be empty."""
        if not self._channel.is_open:
            done(Unconfirmed("the channel is closed"))
            return
        self._last += 1
        self._waiting[self._last] = (envelope, done)
        send(self._channel, envelope, persistent=True, content_type=content_type)

    def lost(self) -> None:
        """The connection is gone: nothing in flight will be confirmed."""
        waiting, self._waiting = self._waiting, {}
        for _, done in waiting.values():
            done(Unconfirmed("the connection to the broker was lost before it confirmed"))

    def _came_back(self, _channel: Channel, _method: Basic.Return, properties: BasicProperties, _body: bytes) -> None:
        # The broker sends the return first and the confirm after it.
        self._returned.add(properties.message_id)

    def _settled(self, frame: Any) -> None:
        method = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self._waiting if tag <= method.delivery_tag]
        for tag in tags:
            envelope, done = self._waiting.pop(tag)
            done(self._verdict(envelope, confirmed=isinstance(method, Basic.Ack)))

    def _verdict(self, envelope: Envelope, *, confirmed: bool) -> Unconfirmed | None:
        if envelope.message_id in self._returned:
            self._returned.discard(envelope.message_id)
            return Unroutable(f"no queue is bound for {envelope.routing_key} on exchange {envelope.exchange}")
        return None if confirmed else Unconfirmed(f"the broker refused {envelope.routing_key}: a queue is full or away")
