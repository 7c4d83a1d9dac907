"""I7: what is written, when, and what a read of the object means."""

import pytest
from msgspec.structs import replace
from saga_operator.domain.events import DefinitionChanged, SagaGone, SagaSeen, Stored, StoreRefused
from saga_operator.domain.kinds import Status

from operators.saga.tests.unit.driver import Driver, definition, saga, step

CHAIN = definition(step("a"), step("b"), step("c"))


def failing(*, stored=False) -> Driver:
    w = Driver(CHAIN)
    w.reply("a")
    w.reply("b")
    w.fail("c", final=True)
    if stored:
        w.store()
    return w


def see(w, status, *, authoritative, version="7", **spec):
    return w.feed(SagaSeen(saga(status=status, version=version, **spec), authoritative=authoritative))


def test_I7_a_verdict_is_asked_for_once():
    w = failing()
    assert w.stores() == [True]
    w.wait(1)
    assert w.stores() == []


def test_I7_after_a_conflict_the_facts_are_kept_and_the_verdict_is_asked_for_again():
    w = failing()
    see(w, Status(), authoritative=True)
    assert w.stores() == [True]
    assert w.status().steps["a"].state == "Succeeded"


def test_I7_after_a_conflict_a_checkpoint_is_asked_for_again():
    w = Driver(CHAIN)
    w.reply("a")
    see(w, Status(), authoritative=True)
    assert w.stores() == [False]


def test_I7_facts_that_another_operator_stored_are_taken():
    other = Driver(CHAIN)
    other.reply("a", body={"id": 1})
    other.store()
    w = Driver(CHAIN)
    see(w, other.object.status, authoritative=False)
    assert w.published() == ["b"]
    assert w.knowledge.steps[0].output == {"id": 1}


def test_I7_an_undone_step_in_the_object_overrides_a_done_one_here():
    other = failing(stored=True)
    other.reply("~b")
    other.store()
    w = failing(stored=True)
    see(w, other.object.status, authoritative=True)
    assert w.status().steps["b"].state == "Compensated"
    assert w.published() == ["~a"]


def test_I7_a_done_step_in_an_older_object_does_not_bring_back_an_undone_one():
    w = failing()
    forward = w.status()
    w.store()
    flipped = w.object.status
    w.reply("~b")
    see(w, flipped, authoritative=True)
    assert w.knowledge.steps[1].outcome == "Compensated"
    see(w, replace(forward, direction="Forward"), authoritative=False)
    assert w.knowledge.steps[1].outcome == "Compensated"


def test_I7_what_a_GET_returns_is_the_truth_even_when_older_than_the_last_write():
    w = failing(stored=True)
    assert w.published() == ["~b"]
    see(w, Status(), authoritative=True)
    assert w.direction == "Forward"
    assert w.published() == []
    assert w.stores() == [True], "the facts lead to the same choice again, and it is written again"
    w.store()
    assert w.published() == ["~b"]


def test_I7_a_stale_watch_event_turns_nothing_back():
    w = failing(stored=True)
    see(w, Status(), authoritative=False, version="2")
    assert w.direction == "Backward"
    assert w.effects == []


def test_I7_a_direction_that_a_watch_shows_is_taken_because_it_was_written():
    w = Driver(CHAIN)
    see(w, failing(stored=True).object.status, authoritative=False)
    assert w.direction == "Backward"
    assert w.published() == ["~b"]


def test_I7_the_echo_of_ones_own_write_costs_nothing():
    w = failing(stored=True)
    before = w.knowledge
    w.feed(SagaSeen(w.object, authoritative=False))
    assert w.knowledge is before
    assert w.effects == []


def test_I7_a_terminal_phase_that_a_read_shows_ends_the_saga_here_too():
    other = Driver(definition(step("a")))
    other.reply("a")
    other.store()
    for authoritative in (True, False):
        w = Driver(definition(step("a")))
        see(w, other.object.status, authoritative=authoritative)
        assert w.finished()
        assert w.knowledge.terminal
        assert w.knowledge.wake_at is None


def test_I7_another_object_of_the_same_name_is_another_saga():
    w = failing()
    w.feed(SagaSeen(saga(uid="uid-2"), authoritative=True))
    assert w.published() == ["a"]
    assert w.stores() == []


def test_I7_what_was_recorded_at_a_checkpoint_is_where_the_next_operator_starts():
    w = Driver(CHAIN)
    w.reply("a", body={"id": 1})
    w.store()
    successor = w.restart()
    assert successor.published() == ["b"]
    assert successor.knowledge.steps[0].output == {"id": 1}
    assert successor.knowledge.started_at == pytest.approx(w.knowledge.started_at)


def test_I7_attempts_and_failures_survive_a_restart():
    w = Driver(CHAIN)
    w.fail("a", "Busy")
    w.wait_until_due()
    w.fail("a", "Busy")
    w.store()
    successor = w.restart()
    assert (successor.last("a").attempt, successor.knowledge.steps[0].failures) == (3, 2)


def test_I7_a_refused_write_is_asked_for_again_after_a_while():
    w = failing()
    w.feed(StoreRefused("status: Invalid value"))
    assert w.stores() == []
    w.wait_until_due()
    assert w.stores() == [True]
    w.store()
    assert w.published() == ["~b"]


def test_I7_a_refused_checkpoint_is_asked_for_again_after_a_while():
    w = Driver(CHAIN)
    w.reply("a")
    w.feed(StoreRefused("too large"))
    w.now += 30
    w.wait(0)
    assert w.stores() == [False]


def test_I7_a_saga_that_is_gone_is_left_alone():
    w = Driver(CHAIN)
    assert w.feed(SagaGone()) == []


def test_I7_events_about_nothing_new_ask_for_nothing():
    w = Driver(CHAIN)
    assert w.feed(DefinitionChanged()) == []


def test_I7_a_verdict_outlives_a_checkpoint_that_was_under_way():
    w = Driver(definition(step("a"), step("b")))
    w.reply("a")
    checkpoint = w.status()
    w.reply("b")
    assert w.stores() == [True]
    w.feed(Stored("2", checkpoint))
    assert w.stores() == [], "the engine still owes the urgent write"
    assert w.status().phase == "Succeeded"


def test_I7_a_saga_that_is_found_ended_is_done_with_at_once():
    other = Driver(definition(step("a")))
    other.reply("a")
    other.store()
    w = Driver(definition(step("a")), other.object)
    assert w.finished()
    assert w.sent == []
    assert w.knowledge.wake_at is None
