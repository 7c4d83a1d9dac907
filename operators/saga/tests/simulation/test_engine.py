"""Random schedules in which the real engine runs the saga, its event loop on the schedule's clock."""

from __future__ import annotations

import pytest
from saga_operator.domain import machine
from saga_operator.domain.events import Stored
from saga_operator.engine.checkpoint import Checkpointer
from saga_operator.engine.ports import Fence

from operators.saga.tests.simulation.engines import EngineSchedule, World

SEEDS = 150
pytestmark = pytest.mark.timeout(600)


def test_S1_to_S9_hold_while_the_engine_runs_the_saga(caplog):
    results = [EngineSchedule(seed).run() for seed in range(SEEDS)]
    assert [(result.seed, result.violation) for result in results if result.violation is not None] == []
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    expect_all_kinds_of_trouble(results)


def expect_all_kinds_of_trouble(results):
    assert {result.phase for result in results} >= {"Succeeded", "Compensated", "Aborted"}
    told = "\n".join(line for result in results for line in result.record)
    for happening in (
        "crashes",
        "reconnects",
        "etcd is restored",
        "created again",
        "spec.cancel",
        "spec.suspend",
        "meets a conflict",
        "undoes",
        "says that the saga has ended",
        "is Applied",
        "is Refused",
    ):
        assert happening in told
    assert sum(result.counts["lost"] for result in results) > SEEDS
    assert sum(result.counts["repeated"] for result in results) > SEEDS


def test_a_seed_is_the_same_schedule_again():
    assert EngineSchedule(7).run().record == EngineSchedule(7).run().record


def what_is_asked_for_counts_as_written(monkeypatch):
    write = Checkpointer._write

    async def believed(self, live):
        if live.knowledge is not None:
            status = machine.render(self._definitions.get(live.definition), live.knowledge, self._clock.now())
            self._post(live, Stored(live.saga.metadata.resource_version, status))
        await write(self, live)

    monkeypatch.setattr(Checkpointer, "_write", believed)


def writes_have_no_fence(monkeypatch):
    patch = World._patch
    monkeypatch.setattr(World, "_patch", lambda self, _, body: patch(self, Fence.of(self._server.saga.metadata), body))


@pytest.mark.parametrize(
    ("ablation", "broken"), [(what_is_asked_for_counts_as_written, "S7"), (writes_have_no_fence, "I7")]
)
def test_without_care_for_what_is_written_a_rule_breaks(monkeypatch, ablation, broken):
    ablation(monkeypatch)
    violations = (EngineSchedule(seed).run().violation for seed in range(SEEDS))
    found = next((violation for violation in violations if violation is not None), None)
    assert found is not None
    assert found.startswith(broken)
