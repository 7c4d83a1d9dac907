"""Creates sagas at the API server, so many at a time, and sees them end by a watch, as any client would."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

TERMINAL = {"Succeeded", "Compensated", "Aborted"}
LONGEST = 120.0
"""Seconds after which a saga that has not ended fails the benchmark."""


@dataclass
class Run:
    """What one load showed."""

    in_flight: int
    latencies: list[float] = field(default_factory=list)
    """Seconds from the create request to the watcher's sight of the terminal phase."""
    seconds: float = 0.0
    phases: dict[str, int] = field(default_factory=dict)

    def quantile(self, share: float) -> float:
        """Seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    @property
    def rate(self) -> float:
        """Sagas per second."""
        return len(self.latencies) / self.seconds


class Driver:
    """One session at one API server."""

    def __init__(self, url: str, token: str, ca_file: Path, namespace: str) -> None:
        """``token`` may create and watch sagas in ``namespace``."""
        self._base = f"{url}/apis/skald.dev/v1alpha1/namespaces/{namespace}/sagas"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._ssl = ssl.create_default_context(cafile=str(ca_file))
        self._waiting: dict[str, asyncio.Future[str]] = {}

    async def __aenter__(self) -> Self:
        """Connect, and watch from now on."""
        connector = aiohttp.TCPConnector(ssl=self._ssl, limit=128)
        self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        async with self._session.get(self._base, params={"limit": "1"}) as answer:
            version = (await answer.json())["metadata"]["resourceVersion"]
        self._watch = asyncio.create_task(self._follow(version))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._watch.cancel()
        await self._session.close()

    async def run(self, definition: str, sagas: int, in_flight: int) -> Run:
        """``sagas`` of one definition, ``in_flight`` at a time. Raises TimeoutError for one that does not end."""
        run, gate = Run(in_flight), asyncio.Semaphore(in_flight)
        started = time.perf_counter()
        await asyncio.gather(*(self._one(definition, gate, run) for _ in range(sagas)))
        run.seconds = time.perf_counter() - started
        return run

    async def _one(self, definition: str, gate: asyncio.Semaphore, run: Run) -> None:
        name = f"bench-{uuid.uuid4().hex[:12]}"
        body = {
            "apiVersion": "skald.dev/v1alpha1",
            "kind": "Saga",
            "metadata": {"name": name},
            "spec": {"definition": definition, "input": {"orderId": name, "amount": 4200}},
        }
        async with gate:
            ended = self._waiting[name] = asyncio.get_running_loop().create_future()
            started = time.perf_counter()
            async with self._session.post(self._base, json=body) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"the API server refused a saga: {answer.status} {await answer.text()}")
            phase = await asyncio.wait_for(ended, LONGEST)
            run.latencies.append(time.perf_counter() - started)
            run.phases[phase] = run.phases.get(phase, 0) + 1

    async def _follow(self, version: str) -> None:
        parameters = {"watch": "1", "resourceVersion": version}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(self._base, params=parameters, timeout=timeout, read_bufsize=2**20) as stream:
            async for line in stream.content:
                self._see(json.loads(line)["object"])

    def _see(self, saga: dict[str, Any]) -> None:
        phase = saga.get("status", {}).get("phase")
        future = self._waiting.pop(saga["metadata"]["name"], None) if phase in TERMINAL else None
        if future is not None and not future.done():
            future.set_result(phase)
