"""pika's connection, with one system call per turn of the event loop instead of three per message."""

from __future__ import annotations

import asyncio
from typing import Any

from pika.adapters.asyncio_connection import AsyncioConnection


class CoalescingConnection(AsyncioConnection):  # type: ignore[misc]  # pika has no py.typed
    """Sends the frames that are written in one turn of the event loop together.

    pika hands every frame to the kernel by itself: method, header and body of each publish. Measured at 64 sagas in
    flight, that was the operator's largest single cost.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unsent: list[bytes] = []
        super().__init__(*args, **kwargs)

    def _adapter_emit_data(self, data: bytes) -> None:
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._emit)
        self._unsent.append(data)

    def _emit(self) -> None:
        data, self._unsent = b"".join(self._unsent), []
        if self._transport is not None:  # the connection may have ended within this turn
            super()._adapter_emit_data(data)
