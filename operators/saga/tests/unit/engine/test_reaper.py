"""What has ended is deleted in time: not before the broker has the news, and never another object of that name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from saga_operator.domain import moments
from saga_operator.domain.kinds import Saga, SagaSpec
from saga_operator.kube.client import Answer
from saga_operator.kube.reaper import SELECTOR, Reaper

from operators.saga.tests.unit.engine.doubles import TallyMetrics, finished_saga

ENDED = moments.parse("2026-01-01T00:00:02Z")


class Clock:
    """Stands still."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def jitter(self) -> float:
        return 0.0


class Server:
    """An API server that lists two pages and answers every delete alike."""

    def __init__(self, first: list[Saga], second: list[Saga], answer: int) -> None:
        self._pages = {"": (first, "more"), "more": (second, "")}
        self._answer = answer
        self.deleted: list[tuple[str, dict[str, str]]] = []

    async def get(self, path: str) -> Answer:
        sagas, token = self._pages[path.rpartition("continue=")[2]]
        return Answer(200, msgspec.json.encode({"items": sagas, "metadata": {"continue": token}}))

    async def delete(self, path: str, body: bytes) -> Answer:
        self.deleted.append((path.rpartition("/")[2], json.loads(body)["preconditions"]))
        return Answer(self._answer, b"{}")


def saga(name: str, kept: int | None) -> Saga:
    ended = finished_saga()
    metadata = replace(ended.metadata, name=name, resource_version="7")
    return replace(ended, metadata=metadata, spec=SagaSpec(definition="d", ttl_seconds_after_finished=kept))


def sweep(
    *sagas: Saga, age: float = 60, answer: int = 200, publish: Callable[[Saga], Coroutine[Any, Any, None]] | None = None
) -> tuple[Server, TallyMetrics, list[str]]:
    """One sweep, ``age`` seconds after the sagas ended: the server, the metrics, whom the world was told of."""
    told: list[str] = []

    async def tell(saga: Saga) -> None:
        told.append(saga.metadata.name)

    server, metrics = Server(list(sagas[:1]), list(sagas[1:]), answer), TallyMetrics()
    reaper = Reaper(server, "shop", publish or tell, Clock(ENDED + age), metrics)  # type: ignore[arg-type]
    asyncio.run(reaper.sweep())
    return server, metrics, told


def test_what_is_due_goes_and_the_world_is_told_of_it_first() -> None:
    server, metrics, told = sweep(saga("young", 61), saga("due", 60), saga("for-good", None), saga("old", 0))
    assert told == [name for name, _ in server.deleted] == ["due", "old"]
    assert metrics.counts["reaped", ()] == 2


def test_only_the_very_object_that_was_seen_is_deleted() -> None:
    server, _, _ = sweep(saga("due", 0))
    assert server.deleted == [("due", {"uid": finished_saga().metadata.uid, "resourceVersion": "7"})]


@pytest.mark.parametrize("answer", [404, 409])
def test_one_that_is_gone_or_has_changed_is_left_alone(answer: int) -> None:
    _, metrics, _ = sweep(saga("due", 0), answer=answer)
    assert metrics.counts["reaped", ()] == 0


def test_what_the_broker_does_not_confirm_stays() -> None:
    async def unreachable(_: Saga) -> None:
        raise ConnectionError("the bus is not open")

    with pytest.raises(ConnectionError):
        sweep(saga("due", 0), publish=unreachable)


def test_a_refused_delete_is_told_and_tried_again_later() -> None:
    with pytest.raises(ConnectionError, match="deleting saga due: 403"):
        sweep(saga("due", 0), answer=403)


def test_neither_live_sagas_nor_aborted_ones_are_looked_at() -> None:
    assert "status.phase!=Aborted" in SELECTOR
    assert "status.phase!=Running" in SELECTOR
    assert "Succeeded" not in SELECTOR
    assert "Compensated" not in SELECTOR
