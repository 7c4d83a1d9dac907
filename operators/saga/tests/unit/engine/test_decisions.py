"""Decisions find their saga wherever it is, and their answers find them."""

from __future__ import annotations

import uuid
from typing import Any

from msgspec.structs import replace
from saga_operator.domain.kinds import (
    AppliedDecision,
    DecisionStatus,
    Metadata,
    Phase,
    Saga,
    SagaDecision,
    SagaDecisionSpec,
)

from operators.saga.tests.unit.engine.bench import HERE, Bench, run


def abort(saga: str = HERE.name, **status: Any) -> SagaDecision:
    return SagaDecision(
        metadata=Metadata(
            name=f"{saga}-abort",
            namespace=HERE.namespace,
            uid=str(uuid.uuid4()),
            creation_timestamp="2100-01-01T00:01:00Z",
        ),
        spec=SagaDecisionSpec(saga=saga, action="Abort", by="ann", reason="ticket 88"),
        status=DecisionStatus(**status),
    )


async def answer_to(bench: Bench, decision: SagaDecision) -> tuple[str | None, str | None]:
    """State, and uid of the owner."""
    await bench.until(lambda: decision.metadata.uid in bench.store.answers)
    status, owner = bench.store.answers[decision.metadata.uid]
    assert (status.applied_at is not None) == (status.state == "Applied")
    return status.state, owner


def test_i6_a_decision_about_a_live_saga_is_applied_and_becomes_its_own() -> None:
    async def scenario(bench: Bench) -> None:
        saga, decision = bench.create(), abort()
        bench.engine.decision_seen(decision)
        assert await answer_to(bench, decision) == ("Applied", saga.metadata.uid)
        assert bench.store.sagas[HERE].status.phase is Phase.ABORTED
        assert bench.store.sagas[HERE].status.decisions[0].uid == decision.metadata.uid

    run(scenario)


def test_i6_a_decision_that_is_seen_before_its_saga_finds_it() -> None:
    async def scenario(bench: Bench) -> None:
        saga, decision = bench.store_saga(), abort()
        bench.engine.decision_seen(decision)
        assert await answer_to(bench, decision) == ("Applied", saga.metadata.uid)

    run(scenario)


def test_i6_a_decision_waits_for_a_saga_whose_definition_is_still_looked_up() -> None:
    async def scenario(bench: Bench) -> None:
        saga, decision = bench.store_saga(), abort()
        bench.engine.decision_seen(decision)
        bench.engine.saga_seen(saga)
        assert await answer_to(bench, decision) == ("Applied", saga.metadata.uid)

    run(scenario)


def test_i6_a_decision_about_no_saga_is_refused() -> None:
    async def scenario(bench: Bench) -> None:
        decision = abort("nobody")
        bench.engine.decision_seen(decision)
        assert await answer_to(bench, decision) == ("Refused", None)

    run(scenario)


def test_i6_a_decision_about_a_terminal_saga_is_refused() -> None:
    async def scenario(bench: Bench) -> None:
        saga, decision = bench.store_saga(phase=Phase.SUCCEEDED), abort()
        bench.engine.decision_seen(decision)
        assert await answer_to(bench, decision) == ("Refused", saga.metadata.uid)

    run(scenario)


def test_i6_one_that_was_applied_by_an_operator_that_ended_is_answered_by_the_next() -> None:
    async def scenario(bench: Bench) -> None:
        decision = abort()
        recorded = AppliedDecision(uid=decision.metadata.uid, action="Abort", by="ann", at="2100-01-01T00:01:00Z")
        bench.store_saga(phase=Phase.ABORTED, decisions=[recorded])
        bench.engine.decision_seen(decision)
        assert (await answer_to(bench, decision))[0] == "Applied"

    run(scenario)


def test_i6_a_decision_made_as_its_saga_ends_is_answered_all_the_same() -> None:
    async def scenario(bench: Bench) -> None:
        bench.create()
        await bench.answer()
        decision = abort()
        bench.engine.decision_seen(decision)
        await bench.until(lambda: bench.store.sagas[HERE].status.phase.terminal)
        state, _ = await answer_to(bench, decision)
        assert state == ("Applied" if bench.store.sagas[HERE].status.phase is Phase.ABORTED else "Refused")

    run(scenario)


def test_an_answered_decision_is_left_alone() -> None:
    async def scenario(bench: Bench) -> None:
        saga: Saga = bench.create()
        bench.engine.decision_seen(abort(state="Refused"))
        await bench.answer()
        await bench.ended()
        assert bench.store.answers == {}
        assert saga.metadata.uid == bench.store.sagas[HERE].metadata.uid

    run(scenario)


def test_while_nobody_answers_the_answer_is_written_again() -> None:
    async def scenario(bench: Bench) -> None:
        bench.store.outages = 1
        decision = abort("nobody")
        bench.engine.decision_seen(decision)
        bench.engine.decision_seen(replace(decision, status=DecisionStatus()))
        assert await answer_to(bench, decision) == ("Refused", None)

    run(scenario)
