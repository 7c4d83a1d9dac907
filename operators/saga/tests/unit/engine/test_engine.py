"""The engine around the real domain, with stand-ins for the servers: what is hard to bring about with real ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from saga_operator.domain import machine
from saga_operator.domain.kinds import Phase, Saga, SagaDefinitionSpec, Step
from saga_operator.engine.ports import Ref, Refused, Unavailable

from operators.saga.tests.unit.engine.bench import DEFINITION, HERE, Bench, run


def test_a_fast_saga_is_written_once() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        await bench.answer()
        await bench.ended()
        assert len(bench.store.patches) == 1

    run(scenario)


def test_i7_a_conflict_is_resolved_by_reading_and_writing_again() -> None:
    async def scenario(bench: Bench) -> None:
        saga = bench.create()
        touched = replace(saga.metadata, resource_version="7", annotations={"touched": "yes"})
        bench.store.sagas[HERE] = replace(saga, metadata=touched)
        await bench.answer()
        await bench.ended()
        assert bench.metrics.counts["conflicts", ()] == 1

    run(scenario)


def another_spec(saga: Saga, **status: Any) -> Saga:
    """The saga after somebody set a field of its spec, and perhaps somebody else a field of its status."""
    metadata = replace(saga.metadata, resource_version="7", generation=saga.metadata.generation + 1)
    spec = replace(saga.spec, ttl_seconds_after_finished=60)
    return replace(saga, metadata=metadata, spec=spec, status=replace(saga.status, **status))


def test_i7_a_write_starts_from_the_newer_spec_that_a_watch_showed() -> None:
    async def scenario(bench: Bench) -> None:
        saga = bench.create()
        await bench.until(lambda: bench.bus.sent)
        bench.store.sagas[HERE] = changed = another_spec(saga)
        bench.engine.saga_seen(changed)
        await bench.answer()
        await bench.ended()
        assert bench.metrics.counts["conflicts", ()] == 0

    run(scenario)


def test_i7_a_status_that_a_watch_showed_is_read_before_it_is_written_over() -> None:
    async def scenario(bench: Bench) -> None:
        saga = bench.create()
        await bench.until(lambda: bench.bus.sent)
        bench.store.sagas[HERE] = changed = another_spec(saga, phase=Phase.RUNNING)
        bench.engine.saga_seen(changed)
        await bench.answer()
        await bench.ended()
        assert bench.metrics.counts["conflicts", ()] == 1

    run(scenario)


def test_i7_an_answer_that_got_lost_is_found_by_reading() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        took: list[str] = []
        patch_status = bench.store.patch_status

        async def take_but_lose_the_answer(*arguments: Any) -> Any:
            result = await patch_status(*arguments)
            took.append(type(result).__name__)
            return Unavailable("the connection ended") if len(took) == 1 else result

        bench.store.patch_status = take_but_lose_the_answer  # type: ignore[method-assign]
        await bench.answer()
        await bench.ended()
        assert took == ["Written", "Conflict"]

    run(scenario)


def test_a_new_saga_of_a_missing_definition_costs_those_before_it_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def counting(saga: Saga, *, admitted: bool = True) -> machine.Knowledge:
        opened.append(saga.metadata.name)
        return open_saga(saga, admitted=admitted)

    open_saga = machine.open_saga
    monkeypatch.setattr(machine, "open_saga", counting)

    async def scenario(bench: Bench) -> None:
        bench.store.definitions.clear()
        for number in range(3):
            bench.create(f"s-{number}")
            await bench.until(lambda number=number: len(bench.store.announced) == number + 1)
        bench.engine.definition_seen(DEFINITION)
        await bench.until(lambda: len(bench.bus.sent) == 3)

    run(scenario)
    assert opened == [*(f"s-{number}" for number in range(3)), *(f"s-{number}" for number in range(3))]


def test_while_nobody_answers_the_write_is_tried_again() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        bench.store.script = [Unavailable("503"), Unavailable("503")]
        await bench.answer()
        await bench.ended()

    run(scenario)


def test_a_refused_write_is_not_repeated_at_once() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        bench.store.script = [Refused("status.phase: no such value")]
        await bench.answer()
        await bench.until(lambda: not bench.store.script)
        await asyncio.sleep(0)
        assert bench.store.patches == []

    run(scenario)


def test_one_call_at_a_time_per_saga_and_what_comes_meanwhile_is_merged() -> None:
    async def scenario(bench: Bench) -> None:
        saga = bench.create()
        bench.store.gate.clear()
        await bench.answer()
        await bench.until(lambda: bench.store.under_way)
        for _ in range(5):
            bench.engine.saga_deleted(HERE, saga.metadata.uid)
        bench.store.gate.set()
        await bench.ended()
        assert bench.store.most_under_way == 1

    run(scenario)


def test_an_echo_that_arrives_after_the_end_begins_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        saga = bench.create()
        await bench.answer()
        await bench.ended()
        bench.engine.saga_seen(saga)
        assert bench.engine.tally.phases() == {phase.value: 0 for phase in Phase if not phase.terminal}
        assert len(bench.bus.sent) == 1

    run(scenario)


def test_after_a_restore_a_list_shows_an_ended_saga_live_again_and_it_runs() -> None:
    async def scenario(bench: Bench) -> None:
        saga = bench.create()
        await bench.answer()
        await bench.ended()
        bench.store.sagas[HERE] = saga
        bench.engine.saga_seen(saga, listed=True)
        await bench.answer(sent=1)
        await bench.until(lambda: len(bench.bus.finished) == 2)

    run(scenario)


def test_a_saga_that_the_list_lacks_is_read_and_then_forgotten() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        await bench.until(lambda: bench.bus.sent)
        del bench.store.sagas[HERE]
        await bench.engine._sweeper.sweep()
        await bench.until(lambda: not any(bench.engine.tally.phases().values()))

    run(scenario)


def test_another_object_of_the_same_name_starts_anew() -> None:
    async def scenario(bench: Bench) -> None:
        first = bench.create()
        await bench.until(lambda: bench.bus.sent)
        second = bench.create()
        assert first.metadata.uid != second.metadata.uid
        await bench.answer(sent=1)
        await bench.ended()
        assert [saga.metadata.uid for saga in bench.bus.finished] == [second.metadata.uid]

    run(scenario)


def test_i7_an_object_that_a_watch_out_of_step_made_us_leave_is_found_again_by_reading() -> None:
    async def scenario(bench: Bench) -> None:
        first = bench.store_saga()
        second = bench.create()
        await bench.until(lambda: bench.bus.sent)
        bench.engine.saga_seen(first)
        await bench.answer(sent=1)
        await bench.answer(sent=2)
        await bench.ended()
        assert [saga.metadata.uid for saga in bench.bus.finished] == [second.metadata.uid]

    run(scenario)


def test_a_reply_of_another_broker_user_is_counted_and_dropped() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        await bench.answer(user="payments")
        assert bench.metrics.counts["replies", (("type", "foreign"),)] == 1
        await bench.answer()
        await bench.ended()

    run(scenario)


def test_i2_after_a_reconnect_everything_open_is_sent_again() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        await bench.until(lambda: len(bench.bus.sent) == 1)
        bench.engine.reconnected()
        await bench.until(lambda: len(bench.bus.sent) == 2)
        first, again = (message for _, message in bench.bus.sent)
        assert first.address == again.address

    run(scenario)


def test_stopping_writes_what_a_checkpoint_would_have_written() -> None:
    ship = Step(name="ship", participant="shipping", command="ship", pivot=True)
    bill = Step(name="bill", participant="payments", command="bill")
    definition = replace(DEFINITION, spec=SagaDefinitionSpec(steps=[ship, bill]))

    async def scenario() -> None:
        built = Bench()
        built.store.definitions[Ref("shop", "one")] = definition
        built.engine.start()
        built.create()
        await built.answer()
        await built.until(lambda: len(built.bus.sent) == 2)
        assert built.store.patches == []
        await built.engine.stop(5)
        assert len(built.store.patches) == 1

    asyncio.run(scenario())
