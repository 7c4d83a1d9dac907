from __future__ import annotations

import asyncio

from saga_operator.engine import timers
from saga_operator.engine.timers import Timers


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def jitter(self) -> float:
        return 0.5


def test_alarms_ring_in_order_of_their_time_not_of_their_setting() -> None:
    async def scenario() -> list[str]:
        clock, rung = HandClock(), []
        alarms = Timers(clock)
        alarms.at(1003, lambda: rung.append("third"))
        alarms.at(1001, lambda: rung.append("first"))
        alarms.at(1002, lambda: rung.append("second"))
        clock.time = 1010
        done = asyncio.Event()
        alarms.at(1010, done.set)
        await asyncio.wait_for(done.wait(), 5)
        return rung

    assert asyncio.run(scenario()) == ["first", "second", "third"]


def test_a_cancelled_alarm_does_not_ring() -> None:
    async def scenario() -> list[str]:
        clock, rung = HandClock(), []
        alarms = Timers(clock)
        alarms.at(999, lambda: rung.append("cancelled")).cancel()
        done = asyncio.Event()
        alarms.at(1000, done.set)
        await asyncio.wait_for(done.wait(), 5)
        return rung

    assert asyncio.run(scenario()) == []


def test_an_alarm_may_set_the_next() -> None:
    async def scenario() -> int:
        clock = HandClock()
        alarms = Timers(clock)
        rung = 0
        done = asyncio.Event()

        def ring() -> None:
            nonlocal rung
            rung += 1
            if rung == 3:
                done.set()
            else:
                alarms.at(clock.now(), ring)

        alarms.at(clock.now(), ring)
        await asyncio.wait_for(done.wait(), 5)
        return rung

    assert asyncio.run(scenario()) == 3


def test_cancelled_alarms_do_not_pile_up() -> None:
    async def scenario() -> int:
        alarms = Timers(HandClock())
        for _ in range(20 * timers.SPARE):
            alarms.at(5000, int).cancel()
        return len(alarms)

    assert asyncio.run(scenario()) <= timers.SPARE + 1
