"""Three activities in a row that do nothing: ``on_temporal.py worker|load SERVER [RUNS IN_FLIGHT]``."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from measuring import measure
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

QUEUE = "bench"


@activity.defn
async def step(order: str) -> str:
    """No effect."""
    return order


@workflow.defn
class Chain:
    """The three steps."""

    @workflow.run
    async def run(self, order: str) -> str:
        """One after the other."""
        for _ in range(3):
            await workflow.execute_activity(step, order, start_to_close_timeout=timedelta(seconds=5))
        return order


async def work(server: str) -> None:
    """Until killed. The sandbox is off: it only costs time here."""
    client = await Client.connect(server)
    runner = UnsandboxedWorkflowRunner()
    await Worker(client, task_queue=QUEUE, workflows=[Chain], activities=[step], workflow_runner=runner).run()


async def load(server: str, runs: int, in_flight: int) -> None:
    """Start workflows and wait for each one's result."""
    client = await Client.connect(server)
    await measure(lambda name: client.execute_workflow(Chain.run, name, id=name, task_queue=QUEUE), runs, in_flight)


if __name__ == "__main__":
    role, server, *numbers = sys.argv[1:]
    asyncio.run(work(server) if role == "worker" else load(server, *map(int, numbers)))
    # The client's threads may abort an interpreter that ends under them (seen: PyGILState_Release, SIGABRT).
    sys.stdout.flush()
    os._exit(0)
