"""Where a definition bounds how many sagas run at once, the others wait, and the oldest is next."""

from __future__ import annotations

from msgspec.structs import replace
from saga_operator.domain.kinds import Approval, Phase, SagaDefinition, Step
from saga_operator.engine.ports import Ref

from operators.saga.tests.unit.engine.bench import DEFINITION, ONE_AT_A_TIME, SHIP, Bench, run


async def settled(bench: Bench, sagas: int) -> None:
    """Let the participant answer until all have ended; only one is ever under way."""
    for number in range(sagas):
        await bench.until(lambda number=number: len(bench.bus.sent) > number)
        live = [saga for saga in bench.store.sagas.values() if not saga.status.phase.terminal]
        assert len(bench.bus.sent) == number + 1, "one at a time"
        assert len(live) == sagas - number
        await bench.answer(sent=number)
        await bench.until(lambda number=number: len(bench.bus.finished) > number)


def test_the_oldest_saga_is_next() -> None:
    async def scenario(bench: Bench) -> None:
        for name, created in (("first", 1), ("youngest", 9), ("older", 5)):
            bench.engine.saga_seen(bench.store_saga(name, created))
        await settled(bench, 3)
        assert bench.sent_for() == ["first", "older", "youngest"]

    run(scenario, ONE_AT_A_TIME)


def test_after_a_restart_the_oldest_is_first_whatever_it_is_called() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.engine.recover([bench.store_saga("a", 9), bench.store_saga("b", 1), bench.store_saga("c", 5)])
        await settled(bench, 3)
        assert bench.sent_for() == ["b", "c", "a"]

    run(scenario, ONE_AT_A_TIME)


def test_after_a_restart_those_that_ran_keep_their_places() -> None:
    async def scenario(bench: Bench) -> None:
        waiting = bench.store_saga("a", 1)
        running = bench.store_saga("b", 5, phase=Phase.RUNNING, start_time="2100-01-01T00:00:06Z")
        await bench.engine.recover([waiting, running])
        await bench.until(lambda: "b" in bench.sent_for())

    run(scenario, ONE_AT_A_TIME)


def test_after_a_restart_those_that_waited_wait_on_also_where_a_person_is_asked_first() -> None:
    reviewed = replace(
        ONE_AT_A_TIME, spec=replace(ONE_AT_A_TIME.spec, steps=[Step(name="review", approval=Approval()), SHIP])
    )

    async def scenario(bench: Bench) -> None:
        names = ["a", "b", "c"]
        for name in names:
            bench.create(name)
        await bench.until(lambda: bench.store.sagas[Ref("shop", "a")].status.phase is Phase.WAITING)
        begun = [name for name in names if bench.store.sagas[Ref("shop", name)].status.start_time]
        assert begun == ["a"]

    run(scenario, reviewed)


def test_one_that_waits_for_its_turn_runs_by_the_definition_that_there_is_then() -> None:
    def another(command: str, uid: str) -> SagaDefinition:
        spec = replace(ONE_AT_A_TIME.spec, steps=[replace(SHIP, command=command)])
        return replace(ONE_AT_A_TIME, metadata=replace(ONE_AT_A_TIME.metadata, uid=uid), spec=spec)

    async def scenario(bench: Bench) -> None:
        bench.create("first")
        bench.create("second")
        await bench.until(lambda: bench.bus.sent)
        first = another("ship", "d")
        bench.engine.definition_deleted(Ref.of(first.metadata), "d")
        bench.engine.definition_seen(another("fly", "d2"))
        bench.engine.saga_deleted(Ref("shop", "first"), bench.store.sagas.pop(Ref("shop", "first")).metadata.uid)
        await bench.until(lambda: "second" in bench.sent_for())
        assert bench.bus.sent[-1][1].address.command == "fly"

    run(scenario, another("ship", "d"))


def test_those_that_wait_are_pending() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create("first")
        bench.create("second")
        await bench.until(lambda: bench.bus.sent)
        assert bench.engine.tally.phases()["Pending"] == 1
        assert bench.engine.tally.phases()["Running"] == 1

    run(scenario, ONE_AT_A_TIME)


def test_one_that_waits_can_be_cancelled_and_takes_nobodys_place() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create("first")
        waiting = bench.create("second")
        await bench.until(lambda: bench.bus.sent)
        metadata = replace(waiting.metadata, generation=2, resource_version="2")
        bench.engine.saga_seen(replace(waiting, metadata=metadata, spec=replace(waiting.spec, cancel=True)))
        await bench.until(lambda: "second" in bench.sent_for())
        assert bench.engine.tally.phases()["Running"] + bench.engine.tally.phases()["Pending"] == 2

    run(scenario, ONE_AT_A_TIME)


def test_one_that_is_deleted_while_it_runs_makes_room() -> None:
    async def scenario(bench: Bench) -> None:
        first = bench.create("first")
        bench.create("second")
        await bench.until(lambda: bench.bus.sent)
        bench.store.sagas = {ref: saga for ref, saga in bench.store.sagas.items() if ref.name != "first"}
        bench.engine.saga_deleted(*next((ref, first.metadata.uid) for ref in [bench.bus.sent[0][0]]))
        await bench.until(lambda: "second" in bench.sent_for())

    run(scenario, ONE_AT_A_TIME)


def test_a_bound_that_comes_with_the_definition_holds_for_those_that_waited_for_it() -> None:
    async def scenario(bench: Bench) -> None:
        bench.store.definitions.clear()
        await bench.engine.recover([bench.store_saga("a", 9), bench.store_saga("b", 1)])
        await bench.until(lambda: len(bench.store.announced) == 2)
        bench.engine.definition_seen(ONE_AT_A_TIME)
        await settled(bench, 2)
        assert bench.sent_for() == ["b", "a"]

    run(scenario, DEFINITION)
