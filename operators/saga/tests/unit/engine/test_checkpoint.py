"""Which status writes go first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from saga_operator.domain.machine import open_saga
from saga_operator.engine.checkpoint import LONG_LINE, Checkpointer
from saga_operator.engine.definitions import Definitions
from saga_operator.engine.ports import Ref, Unavailable
from saga_operator.engine.table import LiveSaga
from saga_operator.engine.timers import Alarm, Timers

from operators.saga.tests.unit.engine.bench import Bench


class HandRung(Timers):
    """Alarms that ring when told to."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.clock)
        self.set: list[Alarm] = []

    def at(self, when: float, action: Callable[[], None]) -> Alarm:
        self.set.append(Alarm(when, action))
        return self.set[-1]

    def ring(self) -> None:
        """The one set last."""
        action = self.set[-1].action
        assert action is not None
        action()


class Desk:
    """A checkpointer whose workers have not begun, so that whatever is in its line stays there."""

    def __init__(self) -> None:
        self._bench = Bench()
        self.timers = HandRung(self._bench)
        self.checkpointer = Checkpointer(
            self._bench.store,
            Definitions(self._bench.store, self._bench.clock, changed=lambda _: None, missing=lambda _: None),
            self.timers,
            self._bench.clock,
            self._bench.metrics,
            post=lambda *_: None,
            replaced=lambda _: None,
        )

    def saga(self, name: str) -> LiveSaga:
        return LiveSaga(Ref("shop", name), self._bench.store_saga(name))

    def refuse_once(self) -> None:
        """Let the next write not be answered."""
        self._bench.store.script = [Unavailable("429")]

    def fill(self) -> None:
        """Let the line be so long that the store seems not to keep up."""
        for number in range(LONG_LINE):
            self.checkpointer.request(self.saga(f"urgent-{number}"), urgent=True)


def test_a_checkpoint_gets_in_line_when_its_interval_is_over() -> None:
    desk = Desk()
    saga = desk.saga("slow")
    desk.checkpointer.request(saga, urgent=False)
    assert not saga.in_line
    desk.timers.ring()
    assert saga.in_line


def test_while_the_line_is_long_a_checkpoint_waits_and_an_urgent_write_does_not() -> None:
    desk = Desk()
    desk.fill()
    saga = desk.saga("slow")
    desk.checkpointer.request(saga, urgent=False)
    for _ in range(3):
        desk.timers.ring()
        assert not saga.in_line
    desk.checkpointer.request(saga, urgent=True)
    assert saga.in_line


def test_a_write_on_which_something_rests_is_still_one_after_it_was_not_answered() -> None:
    async def scenario() -> LiveSaga:
        desk = Desk()
        saga = desk.saga("turning")
        saga.knowledge = open_saga(saga.saga)
        desk.refuse_once()
        desk.checkpointer.crew.start()
        desk.checkpointer.request(saga, urgent=True)
        async with asyncio.timeout(5):
            while not desk.timers.set:  # noqa: ASYNC110  the double has no event to wait on
                await asyncio.sleep(0)
        await desk.checkpointer.crew.stop()
        desk.fill()
        desk.timers.ring()
        return saga

    assert asyncio.run(scenario()).in_line


def test_a_saga_in_doubt_is_read_however_long_the_line_is() -> None:
    desk = Desk()
    desk.fill()
    saga = desk.saga("doubted")
    desk.checkpointer.request(saga, urgent=False)
    desk.checkpointer.verify(saga)
    assert saga.in_line
