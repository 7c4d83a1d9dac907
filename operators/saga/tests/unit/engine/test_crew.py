from __future__ import annotations

import asyncio
import logging

import pytest
from saga_operator.engine.crew import Crew


def test_a_job_that_fails_takes_no_other_along(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    async def work(job: int) -> None:
        if job == 1:
            raise RuntimeError("a bug")
        done.append(job)

    async def scenario() -> bool:
        crew = Crew("crew", 1, work)
        crew.start()
        for job in range(3):
            crew.put(job)
        drained = await crew.drain(5)
        await crew.stop()
        return drained

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(scenario())
    assert done == [0, 2]
    assert "a bug" in caplog.text


def test_draining_gives_up_on_work_that_does_not_end() -> None:
    async def scenario() -> bool:
        never = asyncio.Event()

        async def work(_: int) -> None:
            await never.wait()

        crew = Crew("crew", 1, work)
        crew.start()
        crew.put(1)
        drained = await crew.drain(0.01)
        await crew.stop()
        return drained

    assert not asyncio.run(scenario())
