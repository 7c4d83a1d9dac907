"""What people are told by Events: everything of note, and nothing twice."""

from __future__ import annotations

import pytest
from saga_operator.domain.effects import Announce
from saga_operator.engine.herald import Herald
from saga_operator.engine.timers import Timers

from operators.saga.tests.unit.engine.bench import Bench, run
from operators.saga.tests.unit.engine.doubles import NoTracer, StillClock

BACK = Announce("Warning", "Compensating", "Step ship: NoCarrier")
UNDONE = Announce("Warning", "Compensated", "Everything that ran is undone. Step ship: NoCarrier")
STALLED = Announce("Warning", "CompensationFailed", "it will not")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([BACK, UNDONE], [UNDONE]),
        ([BACK, STALLED], [BACK, STALLED]),
        ([BACK, STALLED, UNDONE], [STALLED, UNDONE]),
        ([BACK], [BACK]),
        ([UNDONE], [UNDONE]),
    ],
)
def test_a_turn_back_that_is_over_at_once_is_told_with_its_end(said: list[Announce], told: list[Announce]) -> None:
    async def scenario(bench: Bench) -> None:
        clock = StillClock()
        herald = Herald(bench.store, bench.bus, bench.reaper, NoTracer(), Timers(clock), clock)
        herald.announcers.start()
        saga = bench.store_saga()
        for announcement in said:
            herald.announce(saga, announcement)
        await bench.until(lambda: len(bench.store.announced) == len(told))
        await herald.announcers.stop()
        assert bench.store.announced == told

    run(scenario)


def test_nothing_is_held_back_at_the_end() -> None:
    async def scenario(bench: Bench) -> None:
        clock = StillClock()
        herald = Herald(bench.store, bench.bus, bench.reaper, NoTracer(), Timers(clock), clock)
        herald.announce(bench.store_saga("other"), BACK)
        herald.flush()
        herald.announcers.start()
        assert await herald.announcers.drain(5)
        await herald.announcers.stop()
        assert bench.store.announced == [BACK]

    run(scenario)


def test_a_turn_back_that_stands_in_line_is_outdone_too() -> None:
    async def scenario(bench: Bench) -> None:
        clock = StillClock()
        herald = Herald(bench.store, bench.bus, bench.reaper, NoTracer(), Timers(clock), clock)
        saga = bench.store_saga()
        herald.announce(saga, BACK)
        herald.flush()
        herald.announce(saga, UNDONE)
        herald.announcers.start()
        assert await herald.announcers.drain(5)
        await herald.announcers.stop()
        assert bench.store.announced == [UNDONE]

    run(scenario)
