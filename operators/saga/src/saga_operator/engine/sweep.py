"""Finds sagas that were deleted while no watch was looking."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from saga_operator.engine.ports import SagaStore
from saga_operator.engine.table import LiveSaga, Table

log = logging.getLogger(__name__)

PERIOD: Final = 60.0
"""Seconds between sweeps when nothing asks for one."""
SETTLE: Final = 2.0
"""Seconds after a watch began anew, so that what it lists has arrived."""


class Sweeper:
    """Compares the table with a list.

    After a 410 the watch lists again but never says what was deleted in between; such a saga would be driven for ever.
    """

    def __init__(self, store: SagaStore, table: Table, suspect: Callable[[LiveSaga], None]) -> None:
        self._store = store
        self._table = table
        self._suspect = suspect
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """The watch began anew."""
        self._asked.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                async with asyncio.timeout(PERIOD):
                    await self._asked.wait()
                await asyncio.sleep(SETTLE)
            except TimeoutError:
                log.debug("no watch began anew: the periodic sweep")
            self._asked.clear()
            if len(self._table):
                await self.sweep()

    async def sweep(self) -> None:
        """Have every saga that the list lacks read again. The list may be stale: only the GET that follows decides."""
        try:
            listed = dict(await self._store.live())
        except ConnectionError as error:
            log.warning("the live sagas cannot be listed, trying again later: %s", error)
            return
        for live in self._table.absent_from(listed):
            self._suspect(live)
