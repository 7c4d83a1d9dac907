"""A fixed number of workers over one queue: calls to the outside world that no saga's mailbox should wait for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)
Job = TypeVar("Job")


class Crew(Generic[Job]):
    """``size`` tasks that do ``work`` on what is put, in order of arrival. They exist from ``start`` to ``stop``.

    They are started before kopf, because kopf cancels every task that is created while it runs.
    """

    def __init__(self, name: str, size: int, work: Callable[[Job], Awaitable[None]]) -> None:
        self._name = name
        self._size = size
        self._work = work
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """Jobs that no worker has taken up yet."""
        return self._queue.qsize()

    def start(self) -> None:
        """Begin to work."""
        self._tasks = [asyncio.create_task(self._run(), name=f"{self._name}-{number}") for number in range(self._size)]

    def put(self, job: Job) -> None:
        """Have it done."""
        self._queue.put_nowait(job)

    async def drain(self, seconds: float) -> bool:
        """Wait until everything put is done; False when that takes longer than ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """End the workers at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._work(job)
            except Exception:  # one job's bug must not take the worker, and with it every other saga, along
                log.exception("%s: a job failed unexpectedly: %s", self._name, job)
            finally:
                self._queue.task_done()
