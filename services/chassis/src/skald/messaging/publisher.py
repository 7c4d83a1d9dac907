"""Publishes from any thread over a connection of its own and says what the broker made of each message."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from skald_wire import Envelope

from skald.messaging.confirms import ConfirmChannel, Done, Unconfirmed
from skald.messaging.link import Link

__all__ = ["Publisher"]

_AWAY: Final = "there is no connection to the broker"


class Publisher:
    """One connection for publishing. ``run`` is the body of its thread."""

    def __init__(self, url: str, name: str) -> None:
        self._channel: ConfirmChannel | None = None
        self._link = Link(url, name, lambda: self)

    def run(self) -> None:
        """Keep the connection until ``close``."""
        self._link.run()

    def close(self) -> None:
        """Close after what was handed over so far."""
        self._link.close()

    @property
    def connected(self) -> bool:
        """Whether something can be published now."""
        return self._channel is not None

    def publish(self, envelopes: Sequence[Envelope], content_type: str) -> list[Future[None]]:
        """Send them in this order; each future ends when the broker has the message, or raises Unconfirmed."""
        futures: list[Future[None]] = [Future() for _ in envelopes]

        def send() -> None:
            for envelope, future in zip(envelopes, futures, strict=True):
                if self._channel is None:
                    future.set_exception(Unconfirmed(_AWAY))
                else:
                    self._channel.publish(envelope, _resolving(future), content_type)

        if not self._link.soon(send):
            for future in futures:
                future.set_exception(Unconfirmed(_AWAY))
        return futures

    def opened(self, connection: SelectConnection) -> None:
        """A new connection (``Session``)."""
        connection.channel(on_open_callback=self._channel_opened)

    def lost(self) -> None:
        """It is gone (``Session``)."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.lost()

    def _channel_opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(lambda _channel, _reason: self._link.drop())
        confirms = ConfirmChannel(channel, ready=lambda: self._ready(confirms))

    def _ready(self, channel: ConfirmChannel) -> None:
        self._channel = channel


def _resolving(future: Future[None]) -> Done:
    def done(problem: Unconfirmed | None) -> None:
        if problem is None:
            future.set_result(None)
        else:
            future.set_exception(problem)

    return done
