"""I3: an action is published, and published again, whenever all it depends on is done. No write has to come first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain import moments
from saga_operator.domain.events import Confirmed
from saga_operator.domain.kinds import TRACEPARENT, Condition, RetryPolicy
from skald_wire import Command, OnFailure

from operators.saga.tests.unit.driver import START, Driver, after, definition, label, saga, step

CHAIN = definition(step("a"), step("b"), step("c"))
FORK = definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["a", "b"]))
PIVOT = definition(step("a"), step("p", pivot=True), after("x"), after("y", depends_on=["p"]))
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def when(reference, *values, operator="In"):
    return [Condition(input=reference, operator=operator, values=list(values))]


def test_I3_the_first_commands_go_out_at_once_and_nothing_is_written_before():
    w = Driver(FORK)
    assert w.published() == ["a", "b"]
    assert w.stores() == []


def test_I3_a_chain_runs_in_two_writes_of_the_status_none_before_the_last():
    w = Driver(CHAIN)
    w.reply("a")
    assert w.stores() == [False]
    w.reply("b")
    w.reply("c")
    assert w.stores() == [True]
    w.store()
    assert w.phase == "Succeeded"
    assert w.finished()
    assert w.announced() == []


def test_I3_a_join_waits_for_all_that_it_depends_on():
    w = Driver(FORK)
    w.reply("b")
    assert w.published() == []
    w.reply("a")
    assert w.published() == ["c"]


def test_I3_steps_after_the_pivot_wait_for_it():
    w = Driver(PIVOT)
    w.reply("a")
    assert w.published() == ["p"]
    w.reply("p")
    assert w.published() == ["x", "y"]


@given(st.permutations(["a", "b"]), st.lists(st.sampled_from(["Confirmed", "wake"]), max_size=4))
def test_I3_the_order_of_replies_does_not_matter(order, noise):
    w = Driver(FORK)
    for name in order:
        w.reply(name)
        for kind in noise:
            w.broker(Confirmed, name) if kind == "Confirmed" else w.wait(0.001)
    w.reply("c")
    assert w.stores() == [True]
    assert [message.address.step for message in w.sent] == ["a", "b", "c"]


def test_I3_silence_is_never_a_failure_it_is_sent_again_under_the_same_id_with_backoff():
    w = Driver(CHAIN)
    gaps = []
    while w.knowledge.wake_at < w.knowledge.deadline and len(w.sent) < 12:
        before = w.now
        w.wait_until_due()
        assert w.published() == ["a"]
        gaps.append(w.now - before)
    assert len({message.address.command_id for message in w.sent}) == 1
    assert [message.attempt for message in w.sent] == list(range(1, 13))
    assert all(5.0 <= gap <= 5.0 + 30.0 for gap in gaps)
    assert w.status().steps["a"].failures is None


def test_I3_only_the_first_silence_is_worth_a_write():
    w = Driver(CHAIN)
    w.wait_until_due()
    assert w.stores() == [False]
    w.wait_until_due()
    assert w.stores() == []
    assert w.status().current_steps == "a"


def test_I3_a_failed_attempt_is_made_again_after_a_jittered_interval_that_doubles():
    w = Driver(CHAIN, jitter=0.5)
    for interval in (0.2, 0.4, 0.8, 1.6):
        w.fail("a")
        assert 0 <= w.knowledge.wake_at - w.now < interval
        w.wait_until_due()
        assert w.published() == ["a"]


def test_I3_a_command_says_what_the_participant_needs_to_know():
    seen = saga()
    seen.metadata.annotations[TRACEPARENT] = TRACE
    w = Driver(PIVOT, seen)
    w.reply("a")
    w.reply("p")
    a, p, x = w.last("a"), w.last("p"), w.last("x")
    assert [each.on_failure for each in (a, p, x)] == [OnFailure.COMPENSATE, OnFailure.COMPENSATE, OnFailure.RETRY]
    assert [each.deadline for each in (a, p, x)] == [moments.show(START + 600)] * 2 + [None]
    assert {each.traceparent for each in (a, p, x)} == {TRACE}
    assert a.issued_at == moments.show(START)


@pytest.mark.parametrize(
    "annotation",
    ["", " ", "00-trace", TRACE.upper(), f"{TRACE}\n", f"{TRACE}-more", "x" * 200_000],
    ids=["empty", "blank", "short", "capitals", "line end", "longer", "huge"],
)
def test_I3_a_trace_that_is_none_is_not_sent(annotation):
    """Participants bury what has an empty header, and a huge one closes the connection of all sagas."""
    seen = saga()
    seen.metadata.annotations[TRACEPARENT] = annotation
    w = Driver(FORK, seen)
    w.fail("a", final=True)
    w.reply("-b")
    w.store()
    assert [label(message) for message in w.sent] == ["a", "b", "-b", "~b"]
    assert {message.traceparent for message in w.sent} == {None}


def test_I3_when_false_skips_the_step_and_its_dependants_go_on():
    w = Driver(definition(step("a"), step("b", when=when("$(input.risk)", "high")), step("c")), saga({"risk": "low"}))
    w.reply("a")
    assert w.published() == ["c"]
    assert w.status().steps["b"].state == "Skipped"
    assert w.status().progress == "2/3"


@pytest.mark.parametrize(
    ("value", "operator", "runs"),
    [
        ({"risk": "high"}, "In", True),
        ({"risk": "low"}, "In", False),
        ({"risk": "high"}, "NotIn", False),
        ({"risk": "low"}, "NotIn", True),
        ({}, "In", False),
        ({}, "NotIn", False),
        ({"risk": 3}, "In", True),
        ({"risk": True}, "In", True),
    ],
)
def test_I3_a_clause_compares_text_and_is_false_on_an_absent_field(value, operator, runs):
    only = definition(step("a", when=when("$(input.risk)", "high", "3", "true", operator=operator)))
    assert Driver(only, saga(value)).published() == (["a"] if runs else [])


def test_I3_a_saga_whose_every_step_is_skipped_has_succeeded():
    w = Driver(definition(step("a", when=when("$(input.risk)", "high"))))
    assert w.stores() == [True]
    w.store()
    assert w.phase == "Succeeded"
    assert w.sent == []


def test_I3_a_reference_to_a_skipped_steps_output_makes_an_action_dead():
    skipped = step("a", when=when("$(input.risk)", "high"))
    w = Driver(definition(skipped, step("b", input={"x": "$(steps.a.output.x)"})))
    w.store()
    assert w.phase == "Compensated"
    assert w.object.status.failure.code == "UnresolvableInput"
    assert w.sent == []


def test_I3_a_reference_to_a_missing_field_makes_an_action_dead_and_the_rest_is_undone():
    w = Driver(definition(step("a"), step("b", input={"x": "$(steps.a.output.id)"})))
    w.reply("a", body={"other": 1})
    w.store()
    assert w.published() == ["~a"]
    w.reply("~a")
    w.store()
    assert "no field id" in w.object.status.failure.message


def test_I3_input_that_does_not_fit_the_schema_ends_Compensated_in_one_write_and_nothing_is_sent():
    strict = definition(step("a"), step("b"), input_schema={"type": "object", "required": ["orderId"]})
    w = Driver(strict, saga({"order": 1}))
    assert w.stores() == [True]
    w.store()
    assert w.phase == "Compensated"
    assert w.sent == []
    assert w.object.status.failure.code == "InvalidInput"
    assert "orderId" in w.object.status.failure.message
    assert w.finished()


def test_I3_input_that_fits_the_schema_runs():
    strict = definition(step("a"), input_schema={"type": "object", "required": ["orderId"]})
    assert Driver(strict, saga({"orderId": 1})).published() == ["a"]


def test_I3_an_input_too_large_to_live_in_etcd_is_invalid():
    w = Driver(definition(step("a")), saga({"x": "y" * 70_000}))
    w.store()
    assert (w.phase, w.object.status.failure.code) == ("Compensated", "InvalidInput")


def test_I3_an_input_that_cannot_travel_unchanged_is_unresolvable():
    w = Driver(definition(step("a", input={"x": "$(input.x)"})), saga({"x": 2**60}))
    w.store()
    assert (w.phase, w.object.status.failure.code) == ("Compensated", "UnresolvableInput")


AFTER = definition(
    step("p", pivot=True), after("x", retry_policy=RetryPolicy(initial_interval="1s", max_interval="4s"))
)


def test_I3_after_the_pivot_a_step_is_retried_for_ever():
    w = Driver(AFTER)
    w.reply("p")
    for _ in range(40):
        w.fail("x")
        w.wait_until_due()
    assert w.published() == ["x"]
    assert all(isinstance(message, Command) for message in w.sent)
    w.reply("x")
    assert w.stores() == [True]


def test_I3_after_the_pivot_a_final_failure_is_not_believed():
    w = Driver(AFTER)
    w.reply("p")
    w.fail("x", final=True)
    w.wait_until_due()
    assert w.published() == ["x"]
