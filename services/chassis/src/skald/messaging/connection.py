"""pika's connection, with one packet for what belongs together instead of three for every message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pika.adapters.select_connection import SelectConnection

__all__ = ["BatchingConnection"]


class BatchingConnection(SelectConnection):  # type: ignore[misc]  # pika has no py.typed
    """Sends the frames written within ``together`` as one piece.

    pika hands every frame to the kernel by itself: method, header and body of each message, and each ack. The broker
    then wakes for each of them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._held: list[bytes] | None = None
        super().__init__(*args, **kwargs)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold frames back until the block ends. Not to be nested; on the connection's thread only."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = b"".join(self._held), None
            if held and self._transport is not None:  # the connection may have ended within the block
                self._adapter_emit_data(held)

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._held is None:
            super()._adapter_emit_data(data)
        else:
            self._held.append(data)
