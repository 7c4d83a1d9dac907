"""Between a skald_wire.Envelope and what pika sends and receives."""

from __future__ import annotations

from typing import Final

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic
from skald_wire import Envelope

__all__ = ["received", "send"]

_PERSISTENT: Final = 2
_TRANSIENT: Final = 1
CONTENT_TYPE: Final = "application/json"


def received(method: Basic.Deliver, properties: BasicProperties, body: bytes) -> Envelope:
    """The message as the wire contract speaks of it; what is absent becomes empty."""
    return Envelope(
        exchange=method.exchange,
        routing_key=method.routing_key,
        message_id=properties.message_id or "",
        correlation_id=properties.correlation_id or "",
        type=properties.type or "",
        headers=properties.headers or {},
        body=body,
        reply_to=properties.reply_to,
        user_id=properties.user_id,
    )


def send(channel: Channel, envelope: Envelope, *, persistent: bool, content_type: str = CONTENT_TYPE) -> None:
    """Publish on ``channel``; persistent messages are also mandatory: one that no queue takes comes back."""
    properties = BasicProperties(
        content_type=content_type,
        headers=dict(envelope.headers),
        delivery_mode=_PERSISTENT if persistent else _TRANSIENT,
        correlation_id=envelope.correlation_id or None,
        reply_to=envelope.reply_to,
        message_id=envelope.message_id or None,
        type=envelope.type or None,
        user_id=envelope.user_id,
    )
    channel.basic_publish(envelope.exchange, envelope.routing_key, envelope.body, properties, mandatory=persistent)
