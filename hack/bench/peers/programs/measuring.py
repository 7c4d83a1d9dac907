"""So many runs, so many at a time, and what they took, as a line of JSON for the benchmark."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable


async def measure(run: Callable[[str], Awaitable[object]], runs: int, in_flight: int) -> None:
    """Print the seconds of all and of each. ``run`` is given a new name each time, and raises when it fails."""
    gate, latencies = asyncio.Semaphore(in_flight), []

    async def one() -> None:
        name = f"bench-{uuid.uuid4().hex[:12]}"
        async with gate:
            began = time.perf_counter()
            await run(name)
            latencies.append(time.perf_counter() - began)

    began, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(runs)))
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    print(json.dumps({"latencies": latencies, "seconds": seconds, "own_cpu": spent}))
