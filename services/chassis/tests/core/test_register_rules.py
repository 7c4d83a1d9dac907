"""The register keeps R1 to R4, R6 and R7: one outcome per command id, written once with its effect."""

from __future__ import annotations

from datetime import timedelta

import pytest
from skald.effects import Done, Failed
from skald_wire import Kind, OnFailure, ReplyType
from skald_wire.register import NOTHING_TO_UNDO, Outcome, meet

from .world import ACTION, COMPENSATION, DEADLINE_PAST, NOW, World, action, cancel, compensation, refuse

SUCCEEDED, FAILED, CANCELLED = ReplyType.SUCCEEDED, ReplyType.FAILED, ReplyType.CANCELLED


@pytest.fixture
def world() -> World:
    return World()


def test_R1_effect_and_outcome_are_one_write(world: World) -> None:
    answer = world.apply(action())
    assert (answer.type, answer.body) == (SUCCEEDED, {"level": 1})
    assert world.documents.writes == 1
    assert world.register[ACTION].outcome is Outcome.EXECUTED


def test_R1_who_loses_the_race_meets_what_the_winner_wrote(world: World) -> None:
    world.documents.interfere = lambda: world.apply(action()) and None
    assert world.apply(action()).body == {"level": 1}
    assert world.state == {"level": 1, "applied": [ACTION]}


def test_R1_a_cancel_that_wins_the_race_leaves_the_command_no_effect(world: World) -> None:
    world.documents.interfere = lambda: world.apply(cancel()) and None
    assert world.apply(action()).type is CANCELLED
    assert world.state is None


def test_R2_a_duplicate_has_no_effect_and_gets_the_same_reply(world: World) -> None:
    first = world.apply(action())
    assert [world.apply(action()) for _ in range(3)] == [first] * 3
    assert world.state == {"level": 1, "applied": [ACTION]}


def test_R2_an_action_whose_compensation_is_executed_is_answered_cancelled(world: World) -> None:
    world.apply(action())
    assert world.apply(compensation()).body == {"level": 0}
    assert world.apply(action()).type is CANCELLED
    assert world.apply(cancel()).type is CANCELLED
    assert world.apply(compensation()).body == {"level": 0}


def test_R2_a_cancel_of_nothing_makes_a_tombstone_and_the_command_never_runs(world: World) -> None:
    assert world.apply(cancel()).type is CANCELLED
    assert world.apply(action()).type is CANCELLED
    assert world.state is None


def test_R2_a_tombstone_keeps_the_decision_that_made_it(world: World) -> None:
    decided = {"action": "Skip", "uid": "d-1"}
    assert world.apply(cancel(decision=decided)).body == {"decision": decided}
    assert world.apply(action()).body == {"decision": decided}
    assert world.apply(cancel(decision={"action": "Complete"})).body == {"decision": decided}


def test_R2_a_cancel_of_what_ran_is_answered_like_the_command(world: World) -> None:
    ran = world.apply(action())
    assert world.apply(cancel()) == ran


def test_R2_a_cancel_of_a_compensation_bars_the_undo(world: World) -> None:
    world.apply(action())
    assert world.apply(cancel(Kind.COMPENSATION)).type is CANCELLED
    assert world.apply(compensation()).type is CANCELLED
    assert world.state == {"level": 1, "applied": [ACTION]}
    assert world.apply(action()).type is SUCCEEDED


def test_R3_a_final_failure_of_an_action_is_registered_and_stays(world: World) -> None:
    answer = world.apply(action(), refuse("CardDeclined"))
    assert (answer.type, answer.final, answer.body["code"]) == (FAILED, True, "CardDeclined")
    assert world.apply(action()) == answer
    assert world.apply(cancel()) == answer
    assert world.state is None


def test_R3_a_registered_failure_may_leave_a_state_to_show(world: World) -> None:
    world.apply(action(), refuse("CardDeclined", state={"status": "Declined"}))
    assert world.state == {"status": "Declined"}


@pytest.mark.parametrize(
    ("command", "retryable"),
    [
        pytest.param(action(), True, id="retryable"),
        pytest.param(action(on_failure=OnFailure.RETRY), False, id="after the pivot"),
    ],
)
def test_R3_other_failures_are_answered_but_never_registered(world: World, command, retryable) -> None:
    answer = world.apply(command, refuse("Busy", retryable=retryable, state={"never": "written"}))
    assert (answer.type, answer.final) == (FAILED, False)
    assert world.documents.writes == 0
    assert world.apply(command).type is SUCCEEDED


def test_R3_a_failed_compensation_is_not_registered(world: World) -> None:
    world.apply(action())
    assert world.apply(compensation(), refuse()).final is False
    assert world.apply(compensation()).body == {"level": 0}


def test_R3_past_its_deadline_an_action_is_refused_without_effect(world: World) -> None:
    answer = world.apply(action(deadline=DEADLINE_PAST))
    assert (answer.type, answer.final, answer.body["code"]) == (FAILED, False, "DeadlineExceeded")
    assert world.documents.writes == 0


def test_R3_what_ran_before_its_deadline_is_still_answered_from_the_register(world: World) -> None:
    ran = world.apply(action())
    assert world.apply(action(deadline=DEADLINE_PAST)) == ran


def test_R4_a_compensation_of_nothing_makes_a_tombstone_and_succeeds(world: World) -> None:
    answer = world.apply(compensation())
    assert (answer.type, answer.body) == (SUCCEEDED, NOTHING_TO_UNDO)
    assert world.documents.writes == 1
    assert world.register[ACTION].outcome is Outcome.DEAD
    assert world.apply(action()).type is CANCELLED
    assert world.state is None


def test_R4_the_tombstone_of_a_compensation_matches_any_fingerprint(world: World) -> None:
    world.apply(compensation())
    assert world.apply(action(content="other")).type is CANCELLED


@pytest.mark.parametrize("before", [lambda w: w.apply(cancel()), lambda w: w.apply(action(), refuse())])
def test_R4_a_compensation_of_an_action_that_never_ran_undoes_nothing(world: World, before) -> None:
    action_answer = before(world)
    assert world.apply(compensation()).body == NOTHING_TO_UNDO
    assert world.state is None
    assert world.apply(action()) == action_answer


@pytest.mark.parametrize(
    "settle", [lambda w: w.apply(action()), lambda w: w.apply(cancel()), lambda w: w.apply(action(), refuse())]
)
def test_R6_the_same_id_with_other_content_changes_nothing(world: World, settle) -> None:
    settle(world)
    before = world.documents.loaded
    for message in (action(content="other"), cancel(content="other")):
        answer = world.apply(message)
        assert (answer.type, answer.final, answer.body["code"]) == (FAILED, False, "KeyReused")
    assert world.documents.loaded == before


def test_R7_where_registers_are_pruned_a_command_from_before_the_horizon_is_refused() -> None:
    world = World(retention=timedelta(days=1))
    for message in (action(), cancel(), compensation()):
        old = meet({}, message, now=2_000_000_000, horizon=1_900_000_000)
        assert old.body["code"] == "Expired"  # type: ignore[union-attr]
    assert world.apply(action()).type is SUCCEEDED, "issued after the horizon"


def test_R7_an_old_command_is_still_answered_from_a_register_that_is_kept() -> None:
    world = World()
    world.apply(action())
    assert meet(world.register, action(), now=2_000_000_000, horizon=1_900_000_000).type is SUCCEEDED  # type: ignore[union-attr]


@pytest.mark.parametrize("output", [{"text": "x" * 20_000}, {"number": 2**60}])
def test_an_output_that_no_saga_can_store_is_a_failure_before_anything_is_written(world: World, output) -> None:
    answer = world.apply(action(), lambda _state, _command: Done({"written": True}, output))
    assert (answer.final, answer.body["code"]) == (True, "OutputTooLarge")
    assert world.state is None


def test_a_bug_in_a_handler_leaves_the_register_as_it_was(world: World) -> None:
    def broken(_state, _command):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.apply(action(), broken)
    assert world.documents.writes == 0
    assert world.apply(action()).type is SUCCEEDED


def test_a_compensation_names_what_it_undoes(world: World) -> None:
    from dataclasses import replace

    nameless = replace(compensation(), address=replace(compensation().address, action_id=None))
    with pytest.raises(ValueError, match=COMPENSATION):
        meet({}, nameless, NOW)


def test_a_failure_is_registered_with_its_own_words(world: World) -> None:
    world.apply(action(), lambda _s, _c: Failed("OutOfStock", "harp: 2 wanted, 1 left"))
    assert world.register[ACTION].body == {"code": "OutOfStock", "message": "harp: 2 wanted, 1 left"}
