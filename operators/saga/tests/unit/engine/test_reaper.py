"""What has ended is deleted in time: not before the broker has the news, and never another object of that name."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from saga_operator.domain import moments
from saga_operator.domain.kinds import Phase, Saga, SagaSpec
from saga_operator.kube import reaper as module
from saga_operator.kube.client import Answer
from saga_operator.kube.reaper import AT_ONCE, SELECTOR, Reaper

from operators.saga.tests.unit.engine.doubles import StillClock, TallyMetrics, finished_saga

AN_HOUR = 3600


class Server:
    """An API server that lists two pages, and answers each delete as its script says, then with 200."""

    def __init__(self, first: list[Saga], second: list[Saga], *answers: int) -> None:
        self._pages = {"": (first, "more"), "more": (second, "")}
        self._answers = list(answers)
        self.outages = 0
        self.lists = 0
        self.deleted: list[tuple[str, dict[str, str]]] = []

    async def get(self, path: str) -> Answer:
        if self.outages:
            self.outages -= 1
            raise ConnectionError("nobody answers")
        token = path.rpartition("continue=")[2]
        self.lists += not token
        sagas, following = self._pages[token]
        return Answer(200, msgspec.json.encode({"items": sagas, "metadata": {"continue": following}}))

    async def delete(self, path: str, body: bytes) -> Answer:
        self.deleted.append((path.rpartition("/")[2], json.loads(body)["preconditions"]))
        return Answer(self._answers.pop(0) if self._answers else 200, b"{}")

    @property
    def names(self) -> list[str]:
        """Of those that it was asked to delete."""
        return [name for name, _ in self.deleted]


class Yard:
    """A reaper at work, and what it does."""

    def __init__(self, *sagas: Saga, answers: tuple[int, ...] = ()) -> None:
        self.server, self.metrics = Server(list(sagas[:1]), list(sagas[1:]), *answers), TallyMetrics()
        self.told: list[str] = []
        self.silent = 0
        self.reaper = Reaper(self.server, "shop", self._publish, StillClock(), self.metrics)  # type: ignore[arg-type]

    async def _publish(self, saga: Saga) -> None:
        if self.silent:
            self.silent -= 1
            raise ConnectionError("the bus is not open")
        self.told.append(saga.metadata.name)

    @property
    def reaped(self) -> int:
        """As the metric has it."""
        return self.metrics.counts["reaped", ()]

    def work(self, done: Callable[[], bool], before: Callable[[], None] = lambda: None) -> None:
        """Let it run until ``done``, and a moment longer, in which it could do too much."""

        async def run() -> None:
            before()
            running = asyncio.create_task(self.reaper.run())
            async with asyncio.timeout(20):
                while not done():  # noqa: ASYNC110  the reaper tells nobody
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

        asyncio.run(run())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits half a minute for the first list."""
    monkeypatch.setattr(module, "PAUSE", 0.01)


def saga(name: str, kept: int | None, age: float = 60, **changes: Any) -> Saga:
    """One that ended ``age`` seconds ago, and is kept for so many."""
    ended = finished_saga()
    metadata = replace(ended.metadata, name=name, uid=f"uid of {name}", resource_version="7")
    status = replace(ended.status, completion_time=moments.show(time.time() - age), **changes)
    return Saga(metadata, SagaSpec(definition="d", ttl_seconds_after_finished=kept), status)


def test_what_is_due_goes_and_the_world_is_told_of_it_first() -> None:
    yard = Yard(saga("young", 3 * AN_HOUR), saga("due", 60), saga("for-good", None), saga("old", 0))
    yard.work(lambda: yard.reaped == 2)
    assert yard.told == yard.server.names == ["old", "due"]


def test_one_that_ends_is_deleted_in_its_time_without_a_list_and_not_told_of_again() -> None:
    yard = Yard()
    yard.work(lambda: yard.reaped == 1, before=lambda: yard.reaper.told(saga("fresh", 61)))
    assert yard.server.names == ["fresh"]
    assert yard.told == []


def test_one_that_is_kept_beyond_the_next_list_is_left_to_it() -> None:
    yard = Yard()
    yard.work(lambda: yard.server.lists == 1)
    yard.reaper.told(saga("lasting", AN_HOUR))
    assert len(yard.reaper._timers) == 0


def test_one_that_is_both_told_of_and_listed_is_deleted_once() -> None:
    both = saga("both", 61)
    yard = Yard(both)
    yard.work(lambda: yard.reaped == 1, before=lambda: yard.reaper.told(both))
    assert yard.server.names == ["both"]


def test_only_the_very_object_that_was_seen_is_deleted() -> None:
    yard = Yard(saga("due", 0))
    yard.work(lambda: yard.reaped == 1)
    assert yard.server.deleted == [("due", {"uid": "uid of due", "resourceVersion": "7"})]


@pytest.mark.parametrize("answer", [404, 409])
def test_one_that_is_gone_or_has_changed_is_left_alone(answer: int) -> None:
    yard = Yard(saga("due", 0), answers=(answer,))
    yard.work(lambda: bool(yard.server.deleted))
    assert yard.server.names == ["due"]
    assert yard.reaped == 0


def test_what_the_broker_does_not_confirm_stays_until_it_does() -> None:
    yard = Yard(saga("due", 0))
    yard.silent = 2
    yard.work(lambda: yard.reaped == 1)
    assert yard.server.names == ["due"]


def test_a_refused_delete_is_told_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    yard = Yard(saga("due", 0), answers=(403, 403))
    yard.work(lambda: yard.reaped == 1)
    assert yard.server.names == ["due"] * 3
    assert "saga due cannot be deleted: 403" in caplog.text


def test_the_longer_it_is_refused_the_rarer_are_the_lists(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[float] = []

    def about(seconds: float) -> float:
        """A rest is as long as it is; the next list, which is asked for in turn with it, never comes by itself."""
        asked.append(seconds)
        return seconds if len(asked) % 2 else AN_HOUR

    monkeypatch.setattr(module, "PERIOD", 0.05)
    monkeypatch.setattr(module, "_about", about)
    yard = Yard(saga("due", 0), answers=(403,) * 20)
    yard.work(lambda: len(yard.server.deleted) >= 6)
    assert asked[::2][:5] == [0.01, 0.01, 0.02, 0.04, 0.05]
    assert "trying again in about 0.05 s" in caplog.text


def test_a_list_without_failures_makes_the_next_failure_the_first_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD", 0.05)
    yard = Yard(saga("due", 0), answers=(403, 403, 200, 200, 200))
    yard.work(lambda: yard.server.lists >= 5)
    assert yard.reaper._failures == 0


def test_one_that_is_refused_holds_up_no_other() -> None:
    others = [f"other-{number}" for number in range(3 * AT_ONCE)]
    yard = Yard(saga("held", 0, age=90), *(saga(name, 0) for name in others), answers=(403,))
    yard.work(lambda: yard.reaped >= len(others))
    assert yard.server.names[: len(others) + 1] == ["held", *others]


def test_a_list_that_fails_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    yard = Yard(saga("due", 0))
    yard.server.outages = 2
    yard.work(lambda: yard.reaped == 1)
    assert "terminal sagas cannot be listed: nobody answers" in caplog.text


def test_a_crowd_is_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CROWD", 1)
    yard = Yard(saga("first", 0), saga("second", 0))
    yard.work(lambda: "second" in yard.server.names or yard.server.lists > 1)
    assert "first" in yard.server.names
    assert yard.server.lists > 1


def test_neither_live_sagas_nor_aborted_ones_are_looked_at() -> None:
    assert "status.phase!=Aborted" in SELECTOR
    assert "status.phase!=Running" in SELECTOR
    assert "Succeeded" not in SELECTOR
    assert "Compensated" not in SELECTOR


def test_an_aborted_saga_that_the_engine_tells_of_stays() -> None:
    yard = Yard()
    yard.work(lambda: yard.server.lists == 1, before=lambda: yard.reaper.told(saga("left", 0, phase=Phase.ABORTED)))
    assert yard.server.deleted == []
