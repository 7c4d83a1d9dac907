"""S9: nothing happens behind an approval that nobody gave; I4: a pending approval hides nothing from the seal."""

import pytest
from saga_operator.domain.events import SagaSeen
from saga_operator.domain.kinds import Condition

from operators.saga.tests.unit.driver import Driver, after, approval, definition, saga, step

REVIEWED = definition(step("a"), approval("review"), step("p", pivot=True), after("x"))
RISKY = [Condition(input="$(input.risk)", operator="In", values=["high"])]


def waiting(compiled=REVIEWED, given=None) -> Driver:
    w = Driver(compiled, given)
    w.reply("a")
    w.store()
    return w


def expiring(**fields):
    return definition(step("a"), approval("review", expires_after="5m", **fields), step("p", pivot=True), after("x"))


def test_S9_the_saga_waits_and_shows_for_what():
    w = waiting()
    status = w.object.status
    assert (status.phase, status.current_steps) == ("Waiting", "review")
    assert status.steps["review"].started_at
    w.wait(100)
    assert (w.published(), w.stores()) == ([], [])
    assert [message.address.step for message in w.sent] == ["a"]


def test_S9_with_other_steps_under_way_it_is_running():
    w = waiting(
        definition(step("a"), approval("review"), step("b", depends_on=["a"]), step("c", depends_on=["review"]))
    )
    assert w.phase == "Running"
    w.reply("b")
    w.store()
    assert w.phase == "Waiting"


def test_S9_an_approval_lets_the_steps_behind_go_and_is_recorded_with_its_decision():
    w = waiting()
    w.decide("Approve", "review")
    assert w.published() == ["p"]
    w.store()
    assert w.answers() == [("Approve", "Applied")]
    assert (w.object.status.steps["review"].state, w.phase) == ("Succeeded", "Running")
    assert w.object.status.steps["review"].decision == w.object.status.decisions[0].uid


def test_S9_an_approved_saga_goes_on_after_a_restart():
    w = waiting()
    w.decide("Approve", "review")
    w.store()
    assert w.restart().published() == ["p"]


def test_S9_three_writes_more_than_without():
    w = waiting(definition(step("a"), approval("review"), step("b")))
    w.decide("Approve", "review")
    w.reply("b")
    w.store()
    assert w.phase == "Succeeded"
    assert len(w.writes) == 2, "Waiting, and the end; the decision and its status are objects of their own"


def test_S9_a_rejected_saga_seals_what_lies_behind_and_goes_back():
    w = waiting()
    w.decide("Reject", "review")
    assert w.published() == ["-p"]
    w.cancelled("-p")
    w.store()
    assert w.object.status.failure.code == "Rejected"
    assert w.object.status.failure.message == "ann: ticket 88"
    assert w.object.status.steps["review"].state == "Failed"
    assert w.answers() == [("Reject", "Applied")]
    assert w.published() == ["~a"]


def test_S9_a_rejection_that_finds_the_step_behind_done_comes_too_late_and_is_refused():
    w = waiting()
    w.decide("Reject", "review")
    w.reply("-p")
    assert w.answers() == [("Reject", "Refused")]
    assert "what step review guards has run" in w.refusal()
    assert w.status().steps["review"].state == "Succeeded", "what ran behind it proves it"
    assert w.published() == ["x"]


def test_S9_a_new_operator_goes_on_with_a_rejection_that_was_stored():
    w = waiting()
    w.decide("Reject", "review")
    w.store()
    assert w.restart().published() == ["-p"]


def test_S9_nobody_decides_in_time_and_it_counts_as_rejected():
    w = waiting(expiring())
    assert w.knowledge.wake_at == w.now + 300
    w.wait(300)
    assert w.published() == ["-p"]
    w.cancelled("-p")
    w.store()
    assert w.object.status.failure.code == "Expired"
    assert "nobody approved it within 5m" in w.object.status.failure.message


def test_S9_nobody_decides_in_time_and_it_counts_as_approved_where_the_definition_says_so():
    w = waiting(expiring(on_expiry="Approve"))
    w.wait(300)
    assert w.published() == ["p"]


def test_S9_the_clock_goes_on_over_a_restart():
    w = waiting(expiring())
    w.now += 200
    successor = w.restart()
    assert successor.knowledge.wake_at == w.now + 100


@pytest.mark.parametrize(
    ("prepare", "step_name", "sentence"),
    [
        (lambda w: None, "a", "step a is no approval"),
        (lambda w: w.decide("Approve", "review"), "review", "step review is Succeeded already"),
        (lambda w: w.wait(300), "review", "it is too late"),
    ],
)
def test_I6_refused_to_approve(prepare, step_name, sentence):
    w = waiting(expiring())
    prepare(w)
    w.decide("Approve", step_name)
    assert sentence in w.refusal()


def test_I6_refused_to_approve_what_is_not_reached_or_was_reached_later():
    w = Driver(REVIEWED)
    w.decide("Approve", "review")
    assert "is not reached yet" in w.refusal()
    w.now += 60
    w.reply("a")
    w.decide("Approve", "review", made=w.now - 30)
    assert "made before step review was reached" in w.refusal()
    w.decide("Retry", "review")
    assert "is an approval: Approve or Reject it" in w.refusal()


def test_S9_an_approval_that_is_not_called_for_is_skipped():
    shape = definition(step("a"), approval("review", when=RISKY), step("b"))
    w = Driver(shape, saga({"risk": "low"}))
    w.reply("a")
    assert w.published() == ["b"]
    assert w.status().steps["review"].state == "Skipped"
    w = Driver(shape, saga({"risk": "high"}))
    w.reply("a")
    assert w.published() == []


def test_I4_a_cancel_while_waiting_seals_behind_the_approval():
    w = waiting()
    w.feed(SagaSeen(saga(status=w.object.status, version="9", cancel=True), authoritative=False))
    assert w.published() == ["-p"]


def test_I4_behind_a_pending_approval_a_step_that_another_operator_skips_hides_nothing_either():
    shape = definition(step("a"), approval("review"), step("b", when=RISKY), step("c"))
    w = waiting(shape, saga({"risk": "low"}))
    w.decide("Reject", "review")
    assert w.published() == ["-c"]


def test_I4_a_seal_that_finds_all_done_but_an_approval_of_nothing_goes_on():
    shape = definition(step("a"), approval("review"), step("b", when=RISKY), step("c", depends_on=["a"]))
    w = waiting(shape, saga({"risk": "low"}))
    w.reply("c")
    w.decide("Reject", "review")
    assert w.answers() == [("Reject", "Refused")]
    w.store()
    assert w.phase == "Succeeded"


def test_S9_a_saga_whose_input_is_wrong_asks_nobody():
    shape = definition(approval("review"), step("b"), input_schema={"type": "object", "required": ["id"]})
    w = Driver(shape)
    assert w.status().phase == "Compensated"
    assert w.status().failure.code == "InvalidInput"
