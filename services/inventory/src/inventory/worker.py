"""Composition root of the role worker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from skald.moments import rfc3339
from skald.mongo import StoreUnavailable, connect
from skald.repository import Repository, codec_of
from skald.worker import run_worker

from inventory.commands import Commands, participant
from inventory.domain import Reservation
from inventory.settings import InventoryWorker
from inventory.store import MongoShelf

__all__ = ["Forgetting", "run"]

logger = logging.getLogger(__name__)

MARKS_KEPT: Final = 300.0
"""Seconds. The books are right with any number, since what forgets a mark also bars those who would look for it.

It is longer than all tries of a reservation take whose every answer is a failure. A command that nobody answers is sent
again for longer, until its saga's deadline: a reservation that is older than this between its begin and its last line,
since no worker was there meanwhile, is refused the lines that it does not hold yet, and its saga is compensated. It is
not as long as a deadline, since a SKU's document holds a mark of some 110 bytes for each reservation of this time, and
is written whole.
"""
PAUSE: Final = 60.0
"""Seconds between two rounds."""


class Forgetting:
    """Keeps stock documents small: drops what they remember of reservations that ended long ago."""

    name = "forgetting"

    def __init__(self, shelf: MongoShelf, clock: Callable[[], float], pause: float = PAUSE) -> None:
        self._shelf = shelf
        self._clock = clock
        self._pause = pause

    def run(self, stop: threading.Event) -> None:
        """Round after round, until ``stop`` is set."""
        while not stop.wait(self._pause):
            try:
                self.forget()
            except StoreUnavailable as error:
                logger.warning("no marks are forgotten in this round: %s", error)

    def forget(self) -> int:
        """One round; returns how many marks were dropped."""
        return self._shelf.forget(rfc3339(self._clock() - MARKS_KEPT))


def run() -> None:
    """Answer sagas until SIGTERM."""
    settings = InventoryWorker.from_env()
    database = connect(settings)
    shelf = MongoShelf(database)
    commands = Commands(shelf, time.time)
    reservations = Repository(database["reservations"], codec_of(Reservation), works=commands.works)
    run_worker(
        settings,
        database,
        participant=participant(reservations, commands),
        loops=[Forgetting(shelf, time.time)],
    )
