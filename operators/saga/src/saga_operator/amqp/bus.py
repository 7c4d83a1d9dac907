"""The engine's command bus on RabbitMQ."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from skald_wire import Cancel, Command, Envelope, encode
from skald_wire.names import EVENTS_EXCHANGE, SAGA_FINISHED

from saga_operator.amqp.codec import CONTENT_TYPE
from saga_operator.amqp.confirms import Outcome
from saga_operator.amqp.replies import Replies
from saga_operator.amqp.transport import Transport
from saga_operator.domain.events import Confirmed, Returned, Unconfirmed
from saga_operator.domain.kinds import Saga
from saga_operator.engine.ports import BusEvent, Deliver, Metrics, Reconnect, Ref

JSON = Any
CLOUD_EVENT: Final = "application/cloudevents+json"
COMPONENT: Final = "saga-operator"
SHORTEST_LIFE: Final = 1.0
"""Seconds that a command lives at least. A policy may have it sent again within milliseconds; if its copies lived no
longer, a participant that is away from its queue for a moment, or serves it in order, would find each of them gone."""
AGAIN: Final = 1.0
"""Seconds until a finished notice that the broker refused is sent again."""


class RabbitBus:
    """Commands out, their outcomes and replies back. Implements ``CommandBus``."""

    def __init__(self, url: str, metrics: Metrics) -> None:
        self._url = url
        self._user = urlsplit(url).username or "guest"
        self._metrics = metrics
        self._transport: Transport | None = None
        self._deliver: Deliver | None = None

    def open(self, *, deliver: Deliver, reconnected: Reconnect) -> None:
        """Connect; what comes is delivered from now on. ``reconnected`` is called for the first connection too."""
        self._deliver = deliver
        replies = Replies(deliver, self._metrics)
        self._transport = Transport(self._url, receive=replies.receive, opened=reconnected)
        self._transport.open()

    async def close(self, seconds: float) -> None:
        """End the connection."""
        if self._transport is not None:
            await self._transport.close(seconds)

    @property
    def is_open(self) -> bool:
        """Whether the broker can be reached."""
        return self._transport is not None and self._transport.is_open

    def send(self, saga: Ref, message: Command | Cancel, *, expires_after: float) -> None:
        """Publish; the outcome is delivered."""
        done = partial(self._sent, saga, message)
        if self._transport is None or not self._transport.is_open:
            done(Outcome.LOST)
            return
        addressed = replace(message, reply_to=self._transport.reply_to)
        envelope = encode(addressed, user_id=self._user, expires_after=max(expires_after, SHORTEST_LIFE))
        self._transport.publish(envelope, done, content_type=CONTENT_TYPE, mandatory=True)

    async def publish_finished(self, saga: Saga) -> None:
        """Tell whoever listens, as often as it takes until the broker has it."""
        envelope = finished_event(saga, self._user)
        loop = asyncio.get_running_loop()
        while True:
            if self._transport is None:
                raise ConnectionError("the bus is not open")
            await self._transport.wait_open()
            outcome: asyncio.Future[Outcome] = loop.create_future()
            self._transport.publish(envelope, _resolve(outcome), content_type=CLOUD_EVENT, mandatory=False)
            if await outcome is Outcome.CONFIRMED:
                self._count("event", Outcome.CONFIRMED)
                return
            await asyncio.sleep(AGAIN)

    def _sent(self, saga: Ref, message: Command | Cancel, outcome: Outcome) -> None:
        cancel = isinstance(message, Cancel)
        self._count("cancel" if cancel else "command", outcome)
        identity = (message.address.command_id, message.attempt, cancel)
        event: BusEvent
        match outcome:
            case Outcome.CONFIRMED:
                event = Confirmed(*identity)
            case Outcome.RETURNED:
                event = Returned(*identity)
            case Outcome.REFUSED | Outcome.LOST:
                event = Unconfirmed(*identity)
        if self._deliver is not None:
            self._deliver(saga, event)

    def _count(self, kind: str, outcome: Outcome) -> None:
        self._metrics.count("publishes", {"kind": kind, "outcome": outcome.value})


def _resolve(future: asyncio.Future[Outcome]) -> Callable[[Outcome], None]:
    def done(outcome: Outcome) -> None:
        if not future.done():  # whoever waited may have been cancelled
            future.set_result(outcome)

    return done


def finished_event(saga: Saga, user: str) -> Envelope:
    """A CloudEvent in structured mode. Its id follows from the saga and its phase, so that a repeat is seen as one."""
    metadata, phase = saga.metadata, saga.status.phase
    event_id = str(uuid.uuid5(uuid.UUID(metadata.uid), phase.value))
    event: dict[str, JSON] = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/{metadata.namespace}/{COMPONENT}",
        "type": SAGA_FINISHED,
        "subject": f"{metadata.namespace}/{metadata.name}",
        "time": saga.status.completion_time,
        "datacontenttype": CONTENT_TYPE,
        "data": {
            "namespace": metadata.namespace,
            "name": metadata.name,
            "uid": metadata.uid,
            "phase": phase.value,
        },
    }
    return Envelope(
        exchange=EVENTS_EXCHANGE,
        routing_key=SAGA_FINISHED,
        message_id=event_id,
        correlation_id=event["subject"],
        type=SAGA_FINISHED,
        headers={},
        body=msgspec.json.encode(event),
        user_id=user,
    )
