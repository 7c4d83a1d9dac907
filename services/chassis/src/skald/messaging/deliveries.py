"""A message at hand, and what its handler wants done with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Final

from skald_wire import Envelope
from skald_wire.names import Header, dead_queue

__all__ = ["Ack", "Bury", "Delivery", "Refuse", "Verdict", "dead_copy"]

_LONGEST_REASON: Final = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message at hand."""

    envelope: Envelope
    deliveries: int
    """How often it was delivered before without being settled; it is dead-lettered after 20."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Done with it: send the reply, if there is one, then ack."""

    reply: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Bury:
    """Nobody can act on it: put a copy into the dead queue, and ack when the broker has that."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Try again in ``delay`` seconds; it counts towards the delivery limit."""

    delay: float


Verdict = Ack | Bury | Refuse


def dead_copy(envelope: Envelope, queue: str, reason: str) -> Envelope:
    """The message as it goes to ``<queue>.dead``, with the reason and where it came from."""
    headers = {
        **envelope.headers,
        Header.REASON: reason[:_LONGEST_REASON],
        Header.ORIGIN_EXCHANGE: envelope.exchange,
        Header.ORIGIN_USER: envelope.user_id or "",
    }
    message_id = envelope.message_id or str(uuid.uuid4())
    return replace(envelope, exchange=dead_queue(queue), headers=headers, message_id=message_id, user_id=None)
