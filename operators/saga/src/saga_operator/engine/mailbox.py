"""One mailbox per saga, emptied in turn, without a task per saga and without keeping the event loop for long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from saga_operator.domain.events import Event
from saga_operator.engine.table import LiveSaga

SLICE: Final = 0.02
"""Seconds that mailboxes may be emptied before the event loop gets a turn."""


class Mailboxes:
    """Calls ``handle`` with every event, in order of arrival per saga, never from within ``post``."""

    def __init__(self, handle: Callable[[LiveSaga, Event], None]) -> None:
        self._handle = handle
        self._line: deque[LiveSaga] = deque()
        self._at_work = False

    def post(self, live: LiveSaga, event: Event) -> None:
        """Put it into the saga's mailbox; into that of one forgotten goes nothing."""
        if live.gone:
            return
        live.mailbox.append(event)
        if len(live.mailbox) == 1:
            self._line.append(live)
            if not self._at_work:
                self._at_work = True
                asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + SLICE
        while self._line:
            live = self._line.popleft()
            events, live.mailbox = live.mailbox, []
            for event in events:
                if live.gone:
                    break
                self._handle(live, event)
            if loop.time() > until:
                break
        self._at_work = bool(self._line)
        if self._at_work:
            loop.call_soon(self._work)
