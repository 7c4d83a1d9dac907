"""Three durable steps in a row that do nothing: ``on_dbos.py load DATABASE_URL RUNS IN_FLIGHT``.

DBOS is a library: the process that asks for a workflow also runs it.
"""

from __future__ import annotations

import asyncio
import sys

from dbos import DBOS, SetWorkflowID
from measuring import measure


@DBOS.step()
async def step(order: str) -> str:
    """No effect."""
    return order


@DBOS.workflow()
async def chain(order: str) -> str:
    """The three steps, one after the other."""
    for _ in range(3):
        await step(order)
    return order


async def run(name: str) -> None:
    """One workflow under its own id, and its result."""
    with SetWorkflowID(name):
        handle = await DBOS.start_workflow_async(chain, name)
    await handle.get_result()


async def load(url: str, runs: int, in_flight: int) -> None:
    """Launch, measure, and stop."""
    DBOS(config={"name": "bench", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"})
    DBOS.launch()
    await measure(run, runs, in_flight)
    DBOS.destroy()


if __name__ == "__main__":
    _, url, *numbers = sys.argv[1:]
    asyncio.run(load(url, *map(int, numbers)))
