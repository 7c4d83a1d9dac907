"""Creates objects at the API server, so many at a time, and sees them end by a watch, as any client would."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from hack.embedded.platform import Platform

TERMINAL = {"Succeeded", "Compensated", "Aborted"}
LONGEST = 120.0
"""Seconds after which an object that has not ended fails the benchmark."""


@dataclass(frozen=True)
class Target:
    """Where the objects are created."""

    url: str
    """Of their collection."""
    token: str
    """May create and watch them."""
    ca_file: Path
    watched: str
    """Field selector of the objects that the driver is shown; empty: all."""

    @classmethod
    def of(cls, platform: Platform, path: str, *, watched: str = "") -> Target:
        """A collection at the platform's API server."""
        return cls(platform.kubernetes_url + path, platform.admin_token, platform.ca_file, watched)


@dataclass
class Run:
    """What one load showed."""

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

    def __init__(self, target: Target) -> None:
        self._base = target.url
        self._selector = {"fieldSelector": target.watched} if target.watched else {}
        self._headers = {"Authorization": f"Bearer {target.token}"}
        self._ssl = ssl.create_default_context(cafile=str(target.ca_file))
        self._waiting: dict[str, asyncio.Future[str]] = {}

    async def __aenter__(self) -> Self:
        """Connect, and watch from now on."""
        connector = aiohttp.TCPConnector(ssl=self._ssl, limit=128)
        self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        async with self._session.get(self._base, params={"limit": "1"}) as answer:
            version = (await answer.json())["metadata"]["resourceVersion"]
        self._watch = asyncio.create_task(self._follow(version))
        self._watch.add_done_callback(self._watch_ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        self._watch.cancel()
        await self._session.close()

    async def run(self, template: dict[str, Any], objects: int, in_flight: int) -> Run:
        """``objects`` like the template, ``in_flight`` at a time. Raises TimeoutError for one that does not end."""
        run, gate = Run(), asyncio.Semaphore(in_flight)
        started = time.perf_counter()
        await asyncio.gather(*(self._one(template, gate, run) for _ in range(objects)))
        run.seconds = time.perf_counter() - started
        return run

    async def create(self, template: dict[str, Any], objects: int, in_flight: int) -> list[str]:
        """The names of so many new objects, which nobody waits for."""
        gate = asyncio.Semaphore(in_flight)

        async def one() -> str:
            async with gate:
                return await self._create(template)

        return await asyncio.gather(*(one() for _ in range(objects)))

    async def cancel(self, names: Sequence[str], patience: float) -> tuple[float, float]:
        """Ask for the end of these sagas, which must come within ``patience`` seconds.

        Seconds until the last request was accepted, and until the last saga was seen to be Compensated.
        """
        loop = asyncio.get_running_loop()
        ends = [self._waiting.setdefault(name, loop.create_future()) for name in names]
        gate, started = asyncio.Semaphore(64), time.perf_counter()

        async def one(name: str) -> None:
            headers = {"Content-Type": "application/merge-patch+json"}
            body = orjson.dumps({"spec": {"cancel": True}})
            async with gate, self._session.patch(f"{self._base}/{name}", data=body, headers=headers) as answer:
                answer.raise_for_status()

        await asyncio.gather(*(one(name) for name in names))
        accepted = time.perf_counter() - started
        phases = set(await asyncio.wait_for(asyncio.gather(*ends), patience))
        if phases != {"Compensated"}:
            raise RuntimeError(f"cancelled sagas ended as {phases}")
        return accepted, time.perf_counter() - started

    async def _create(self, template: dict[str, Any], name: str | None = None) -> str:
        body = {**template, "metadata": {"name": name or f"bench-{uuid.uuid4().hex[:12]}"}}
        headers = {"Content-Type": "application/json"}
        async with self._session.post(self._base, data=orjson.dumps(body), headers=headers) as answer:
            if answer.status != 201:
                raise RuntimeError(f"the API server refused it: {answer.status} {await answer.text()}")
        return str(body["metadata"]["name"])

    async def _one(self, template: dict[str, Any], gate: asyncio.Semaphore, run: Run) -> None:
        name = f"bench-{uuid.uuid4().hex[:12]}"
        async with gate:
            ended = self._waiting[name] = asyncio.get_running_loop().create_future()
            started = time.perf_counter()
            await self._create(template, name)
            phase = await asyncio.wait_for(ended, LONGEST)
            run.latencies.append(time.perf_counter() - started)
            run.phases[phase] = run.phases.get(phase, 0) + 1

    async def _follow(self, version: str) -> None:
        """The API server ends watches of a kind that has just been made; each next one goes on where the last ended.

        Until it has made ready for the kind anew it answers 429, and says how long to wait.
        """
        while True:
            parameters = {"watch": "1", "resourceVersion": version, **self._selector}
            timeout = aiohttp.ClientTimeout(total=None)
            async with self._session.get(self._base, params=parameters, timeout=timeout, read_bufsize=2**20) as stream:
                if stream.status == HTTPStatus.TOO_MANY_REQUESTS:
                    await asyncio.sleep(float(stream.headers.get("Retry-After", "1")))
                    continue
                stream.raise_for_status()
                async for line in stream.content:
                    event = orjson.loads(line)
                    if event["type"] == "ERROR":
                        raise RuntimeError(f"the watch failed: {event['object']}")
                    version = event["object"]["metadata"]["resourceVersion"]
                    self._see(event["object"])

    def _watch_ended(self, watch: asyncio.Task[None]) -> None:
        """Whoever still waits would wait in vain."""
        if not watch.cancelled() and (error := watch.exception()):
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(error)

    def _see(self, seen: dict[str, Any]) -> None:
        phase = seen.get("status", {}).get("phase")
        future = self._waiting.pop(seen["metadata"]["name"], None) if phase in TERMINAL else None
        if future is not None and not future.done():
            future.set_result(phase)
