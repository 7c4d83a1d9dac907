"""The connection to the broker, where a real one cannot be brought to do it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from saga_operator.amqp.transport import Transport


class Channel:
    """Keeps the callbacks that it is given."""

    def __init__(self) -> None:
        self.closed = 0
        self.connection = SimpleNamespace(close=self._close, is_closing=False, is_closed=False)
        self.on_cancel: list[Callable[[Any], None]] = []

    def _close(self) -> None:
        self.closed += 1

    def add_on_cancel_callback(self, callback: Callable[[Any], None]) -> None:
        self.on_cancel.append(callback)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def test_i8_a_reply_queue_that_the_broker_took_away_ends_the_connection_so_that_there_is_a_new_one() -> None:
    channel = Channel()
    transport = Transport("amqp://u:p@127.0.0.1:1/v", receive=lambda _: None, opened=lambda: None)
    transport._on_channel(channel)  # type: ignore[arg-type]
    (cancelled,) = channel.on_cancel
    cancelled(None)
    assert channel.closed == 1
    channel.connection.is_closing = True
    cancelled(None)
    assert channel.closed == 1, "what is closing cannot be closed"
