"""Between the wire contract's envelopes and pika's types."""

from __future__ import annotations

import pika
from pika.spec import Basic
from skald_wire import Envelope

PERSISTENT = 2
CONTENT_TYPE = "application/json"


def to_properties(envelope: Envelope, *, content_type: str = CONTENT_TYPE) -> pika.BasicProperties:
    """A persistent message's properties."""
    return pika.BasicProperties(
        content_type=content_type,
        delivery_mode=PERSISTENT,
        message_id=envelope.message_id,
        correlation_id=envelope.correlation_id or None,
        type=envelope.type,
        reply_to=envelope.reply_to,
        user_id=envelope.user_id,
        headers=dict(envelope.headers),
        expiration=envelope.expiration,
    )


def from_delivery(deliver: Basic.Deliver, properties: pika.BasicProperties, body: bytes) -> Envelope:
    """What the broker delivered; absent properties are empty, for the wire contract to complain about."""
    return Envelope(
        exchange=deliver.exchange or "",
        routing_key=deliver.routing_key or "",
        message_id=properties.message_id or "",
        correlation_id=properties.correlation_id or "",
        type=properties.type or "",
        headers=properties.headers or {},
        body=body,
        reply_to=properties.reply_to,
        user_id=properties.user_id,
    )
