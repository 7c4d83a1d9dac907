"""I8: confirms pace and show. Nothing rests on them, and an attempt counts only if its publish was confirmed."""

import pytest
from saga_operator.domain.events import Confirmed, Reconnected, Returned, Unconfirmed

from operators.saga.tests.unit.driver import Driver, definition, step

CHAIN = definition(step("a"), step("b"))
FORK = definition(step("a"), step("b", depends_on=[]))


@pytest.mark.parametrize("outcome", [Returned, Unconfirmed])
def test_I8_an_attempt_that_reached_no_queue_does_not_count(outcome):
    w = Driver(CHAIN)
    w.broker(outcome, "a")
    w.wait_until_due()
    assert w.last("a").attempt == 1
    w.broker(Confirmed, "a")
    w.now += 60
    w.wait(0)
    assert w.last("a").attempt == 2


def test_I8_unroutable_backs_off_and_is_shown_and_is_never_a_reason_to_go_back():
    w = Driver(CHAIN)
    gaps = []
    for n in range(12):
        w.broker(Returned, "a")
        assert w.announced() == (["Unroutable"] if n == 0 else [])
        gaps.append(w.knowledge.wake_at - w.now)
        w.wait_until_due()
        assert w.published() == ["a"]
    assert gaps[0] <= 0.2
    assert max(gaps) <= 30
    assert w.status().direction == "Forward"
    stalled = next(each for each in w.status().conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "Unroutable")
    assert "the broker has no queue for p.*" in stalled.message


@pytest.mark.parametrize("good", ["confirm", "reply"])
def test_I8_unroutable_clears_when_a_publish_arrives(good):
    w = Driver(CHAIN)
    w.broker(Returned, "a")
    w.wait_until_due()
    w.broker(Confirmed, "a") if good == "confirm" else w.reply("a")
    assert w.stores() == [False]
    assert w.status().reason is None


def test_I8_a_lost_connection_is_no_stall():
    w = Driver(CHAIN)
    w.broker(Unconfirmed, "a")
    assert w.announced() == []
    assert w.stores() == []


def test_I8_a_late_outcome_of_an_earlier_attempt_changes_nothing():
    w = Driver(CHAIN)
    first = w.last("a")
    w.wait_until_due()
    w.feed(Returned(first.address.command_id, first.attempt, cancel=False))
    assert w.announced() == []
    assert w.knowledge.steps[0].attempts == 2


def test_I8_an_answer_proves_the_attempt_whatever_the_broker_said():
    w = Driver(CHAIN)
    w.broker(Unconfirmed, "a")
    w.fail("a", "Busy")
    assert w.knowledge.steps[0].attempts == 1
    w.wait_until_due()
    assert w.last("a").attempt == 2


def test_I8_after_a_reconnect_whatever_awaits_an_answer_is_sent_again():
    w = Driver(FORK)
    w.reply("a")
    w.feed(Reconnected())
    assert w.published() == ["b"]
    sealed = Driver(FORK)
    sealed.fail("a", final=True)
    sealed.feed(Reconnected())
    assert sealed.published() == ["-b"]
    back = Driver(CHAIN)
    back.reply("a")
    back.fail("b", final=True)
    back.store()
    back.feed(Reconnected())
    assert back.published() == ["~a"]


def test_I8_the_outcome_of_an_actions_publish_says_nothing_of_its_compensation():
    w = Driver(CHAIN)
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    w.broker(Returned, "a")
    assert w.announced() == []
    assert w.knowledge.steps[0].attempts == 1


def test_I8_when_a_saga_is_loaded_its_open_commands_are_sent_again_at_once():
    w = Driver(FORK)
    w.reply("a")
    w.store()
    assert w.restart().published() == ["b"]
