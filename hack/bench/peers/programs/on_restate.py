"""Three durable steps in a row that do nothing: ``on_restate.py worker BIND`` or ``load INGRESS RUNS IN_FLIGHT``."""

from __future__ import annotations

import asyncio
import sys

import aiohttp
import restate
from hypercorn.asyncio import serve
from hypercorn.config import Config
from measuring import measure

chain = restate.Service("Chain")


async def step(order: str) -> str:
    """No effect."""
    return order


@chain.handler()
async def run(ctx: restate.Context, order: str) -> str:
    """One after the other."""
    for number in range(3):
        await ctx.run_typed(f"step-{number}", step, order=order)
    return order


async def work(bind: str) -> None:
    """Until killed."""
    config = Config()
    config.bind = [bind]
    await serve(restate.app([chain]), config)


async def load(ingress: str, runs: int, in_flight: int) -> None:
    """Call the handler and wait for its answer, under an idempotency key as a client who cares would."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=128)) as session:

        async def call(name: str) -> None:
            headers = {"idempotency-key": name}
            async with session.post(f"{ingress}/Chain/run", json=name, headers=headers) as answer:
                answer.raise_for_status()
                await answer.read()

        await measure(call, runs, in_flight)


if __name__ == "__main__":
    role, address, *numbers = sys.argv[1:]
    asyncio.run(work(address) if role == "worker" else load(address, *map(int, numbers)))
