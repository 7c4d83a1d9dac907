"""I8: confirms pace and show. Nothing rests on them, and an attempt counts only if its publish was confirmed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from saga_operator.domain.events import Confirmed, Reconnected, Returned, SagaSeen, Unconfirmed
from saga_operator.domain.kinds import Defaults, RetryPolicy

from operators.saga.tests.unit.driver import Driver, definition, label, step

CHAIN = definition(step("a"), step("b"))
FORK = definition(step("a"), step("b", depends_on=[]))
MILLISECOND = 0.001


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
    assert gaps[0] <= 1
    assert max(gaps) <= 30
    assert w.status().direction == "Forward"
    stalled = next(each for each in w.status().conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "Unroutable")
    assert "the broker has no queue for p.*" in stalled.message


HASTY = RetryPolicy(initial_interval="1ms", backoff_coefficient=1)
SLOW = RetryPolicy(initial_interval="10m", backoff_coefficient=1, max_interval="10m")


@pytest.mark.parametrize("outcome", [Returned, Unconfirmed])
@pytest.mark.parametrize("jitter", [0.0, 0.3, 0.999])
def test_I8_a_hasty_policy_paces_answers_not_a_broker_that_is_away(outcome, jitter):
    w = Driver(definition(step("a", retry_policy=HASTY)), jitter=jitter)
    until = w.now + 10
    while w.now < until:
        w.broker(outcome, "a")
        w.wait_until_due()
    assert len(w.sent) <= 8
    w.fail("a")
    assert w.knowledge.wake_at - w.now <= 0.001, "it answers again"


@pytest.mark.parametrize(("policy", "said"), [(HASTY, "every 30s"), (SLOW, "every 10m")])
def test_I8_the_stall_says_how_often_it_is_really_tried(policy, said):
    w = Driver(definition(step("a", retry_policy=policy), deadline="24h"))
    w.broker(Returned, "a")
    w.broker(Returned, "a")
    assert said in w.knowledge.stall.message


@given(
    st.sampled_from([HASTY, RetryPolicy(), SLOW]),
    st.floats(min_value=0, max_value=1, exclude_max=True),
    st.integers(1, 10_000),
)
def test_I8_what_reached_no_queue_is_sent_again_within_half_a_minute_or_the_policys_own_interval(
    policy, jitter, unsent
):
    compiled = definition(step("a", retry_policy=policy), deadline="24h")
    w = Driver(compiled, jitter=jitter)
    w.knowledge = replace(w.knowledge, steps=(replace(w.knowledge.steps[0], unsent=unsent - 1),))
    w.broker(Returned, "a")
    longest = max(30, compiled.steps[0].retry.maximum)
    assert 0.5 <= w.knowledge.wake_at - w.now <= longest
    w.feed(Reconnected())
    assert w.published() == ["a"], "a connection that comes back does not wait for it"


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


def waits(message: str, defaults: Defaults, jitter: float) -> Driver:
    """A saga that has just sent this message, and waits for nothing else."""
    fork = definition(step("a"), step("b", depends_on=[]), defaults=defaults, deadline="24h")
    w = Driver(fork, jitter=jitter)
    w.reply("b")
    if message != "a":
        w.feed(SagaSeen(replace(w.object, spec=replace(w.object.spec, cancel=True)), authoritative=True))
    if message == "~b":
        w.cancelled("-a")
        w.store()
    w.feed(Reconnected())
    assert w.published() == [message]
    return w


@given(
    st.sampled_from(["a", "-a", "~b"]),
    st.builds(
        Defaults,
        timeout=st.sampled_from(["10ms", "1s", "1h"]),
        retry_policy=st.builds(
            RetryPolicy,
            initial_interval=st.sampled_from(["1ms", "200ms"]),
            max_interval=st.sampled_from(["200ms", "1m"]),
        ),
    ),
    st.floats(min_value=0, max_value=1, exclude_max=True),
)
def test_I8_each_copy_of_an_unanswered_message_lives_until_the_next_one_is_sent(message, defaults, jitter):
    w = waits(message, defaults, jitter)
    for _ in range(8):
        (life,), sent_at = w.lives(), w.now
        w.wait_until_due()
        assert w.published() == [message]
        assert w.now - sent_at == pytest.approx(life, abs=MILLISECOND)


HAPPENINGS = {
    "done": lambda w, last: w.reply(last),
    "failed": lambda w, last: w.fail(last),
    "failed for good": lambda w, last: w.fail(last, final=True),
    "cancelled": lambda w, last: w.cancelled(last),
    "arrived": lambda w, last: w.broker(Confirmed, last),
    "came back": lambda w, last: w.broker(Returned, last),
    "lost": lambda w, last: w.broker(Unconfirmed, last),
    "connected again": lambda w, _: w.feed(Reconnected()),
    "silence": lambda w, _: w.wait(70),
    "a moment": lambda w, _: w.wait(0.1),
    "stored": lambda w, _: w.store(),
    "a person skips": lambda w, _: w.decide("Skip", "b"),
}


@given(
    st.lists(st.sampled_from(sorted(HAPPENINGS)), max_size=20), st.floats(min_value=0, max_value=1, exclude_max=True)
)
def test_I8_whatever_happened_before_a_message_dies_when_the_next_copy_is_due(happenings, jitter):
    w = Driver(FORK, jitter=jitter)
    for happening in happenings:
        if not w.status().phase.terminal:
            HAPPENINGS[happening](w, label(w.sent[-1]))
        for name, life in zip(w.published(), w.lives(), strict=True):
            known = w.knowledge.steps[FORK.positions[name[-1]]]
            assert life > 0
            assert w.now + life == pytest.approx(known.due, abs=MILLISECOND)


def test_I8_what_is_sent_again_after_a_takeover_is_worth_no_write_where_the_object_shows_that_it_has_begun():
    w = Driver(FORK)
    w.reply("a")
    w.store()
    later = w.restart()
    assert later.published() == ["b"]
    assert later.last("b").attempt == 2
    assert later.stores() == []
