"""The load driver's watch: what the API server does to watches of a new kind ends no benchmark."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import certifi
import pytest
from aiohttp import ClientResponseError, web

from hack.bench.driver import Driver, Run, Target


class Server:
    """Answers the watches with these statuses, then with the end of whatever was created."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self._created: asyncio.Queue[str] = asyncio.Queue()

    async def get(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            return web.json_response({"metadata": {"resourceVersion": "1"}})
        if self._statuses:
            return web.Response(status=self._statuses.pop(0), headers={"Retry-After": "0"})
        stream = web.StreamResponse()
        await stream.prepare(request)
        while True:
            metadata = {"name": await self._created.get(), "resourceVersion": "2"}
            event = {"type": "ADDED", "object": {"metadata": metadata, "status": {"phase": "Succeeded"}}}
            await stream.write(json.dumps(event).encode() + b"\n")

    async def post(self, request: web.Request) -> web.Response:
        await self._created.put((await request.json())["metadata"]["name"])
        return web.json_response({}, status=201)


async def drive(server: Server) -> Run:
    app = web.Application()
    app.add_routes([web.get("/things", server.get), web.post("/things", server.post)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        target = Target(f"http://{host}:{port}/things", "token", Path(certifi.where()), watched="")
        async with Driver(target) as driver, asyncio.timeout(10):
            return await driver.run({"kind": "Thing"}, 3, 2)
    finally:
        await runner.cleanup()


def test_a_watch_that_is_refused_for_now_is_opened_again() -> None:
    assert asyncio.run(drive(Server(429, 429))).phases == {"Succeeded": 3}


def test_a_watch_that_is_refused_for_good_ends_the_load() -> None:
    with pytest.raises(ClientResponseError, match="403"):
        asyncio.run(drive(Server(403)))
