"""I2: a reply says what a register holds. It is recorded whenever it comes, and never overwrites."""

import pytest
from saga_operator.domain.events import ReplyArrived, SagaSeen
from saga_operator.domain.kinds import RetryPolicy, StepState
from skald_wire import Direction, Reply, ReplyType

from operators.saga.tests.unit.driver import Driver, after, definition, label, saga, step

CHAIN = definition(step("a", input={"x": "$(input.x)"}), step("b", input={"y": "$(steps.a.output.y)"}), step("c"))
FORK = definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["a", "b"]))


def state(w, name):
    found = w.status().steps.get(name)
    return found.state if found else StepState.PENDING


def twin(body=None) -> Driver:
    """The same saga at another operator, one step further."""
    other = Driver(CHAIN, saga({"x": 1}))
    other.reply("a", body={"y": 1})
    return other


def answer(message, kind="Succeeded", **fields) -> ReplyArrived:
    address = message.address
    return ReplyArrived(
        Reply(
            command_id=address.command_id,
            type=ReplyType(kind),
            body=fields.pop("body", {}),
            saga=address.saga,
            step=address.step,
            direction=address.direction,
            fingerprint=fields.pop("fingerprint", address.fingerprint),
            attempt=message.attempt,
            **fields,
        )
    )


def test_I2_a_success_is_recorded_with_its_output_and_what_depends_on_it_starts():
    w = Driver(CHAIN, saga({"x": 1}))
    w.reply("a", body={"y": 5})
    assert w.published() == ["b"]
    assert w.last("b").input == {"y": 5}
    assert w.status().steps["a"].output == {"y": 5}


def test_I2_a_reply_for_a_step_not_reached_is_recorded_as_soon_as_it_can_be_checked():
    w = Driver(CHAIN, saga({"x": 1}))
    w.feed(answer(twin().last("b"), body={"z": 9}))
    assert state(w, "b") == "Pending"
    w.reply("a", body={"y": 1})
    assert state(w, "b") == "Succeeded"
    assert w.published() == ["c"]


def test_I2_an_early_reply_to_other_content_is_dropped_when_it_can_be_checked():
    w = Driver(CHAIN, saga({"x": 1}))
    w.feed(answer(twin().last("b")))
    w.reply("a", body={"y": 2})
    assert w.published() == ["b"]
    assert state(w, "b") == "Running"


@pytest.mark.parametrize("direction", ["Forward", "Backward"])
def test_I2_a_reply_is_recorded_whatever_the_direction(direction):
    w = Driver(FORK)
    w.fail("a", final=True)
    if direction == "Backward":
        w.reply("-b")
        w.store()
        assert state(w, "b") == "Compensating"
    else:
        w.reply("b")
        assert state(w, "b") == "Succeeded"


def test_I2_a_reply_with_another_fingerprint_is_dropped():
    w = Driver(CHAIN, saga({"x": 1}))
    w.feed(answer(w.last("a"), fingerprint="0" * 64))
    assert w.effects == []
    assert state(w, "a") == "Running"


def test_I2_a_reply_to_another_id_or_about_an_unknown_step_is_dropped():
    w = Driver(CHAIN, saga({"x": 1}))
    for changes in ({"command_id": "other"}, {"step": "z"}):
        w.reply("a", **changes)
        assert w.effects == []


def test_I2_a_reply_to_a_compensation_that_the_definition_does_not_have_is_dropped():
    w = Driver(definition(step("p", pivot=True), after("x")))
    w.reply("p", direction=Direction.BACKWARD)
    assert w.effects == []


@pytest.mark.parametrize("later", ["Succeeded", "Failed", "Cancelled"])
def test_I2_a_reply_never_overwrites_a_known_outcome(later):
    w = Driver(FORK)
    w.reply("a", "Failed", {"code": "Boom", "message": "first"}, final=True)
    w.reply("a", later, {"code": "Other", "message": "second"}, final=True)
    assert w.status().steps["a"].state == "Failed"
    assert w.status().steps["a"].error.message == "first"


def test_I2_a_success_said_twice_changes_nothing():
    w = Driver(CHAIN, saga({"x": 1}))
    w.reply("a", body={"y": 1})
    before = w.knowledge
    w.reply("a", body={"y": 2})
    assert w.status().steps["a"].output == {"y": 1}
    assert w.effects == []
    assert w.knowledge.steps == before.steps


def test_I2_Cancelled_for_a_step_known_done_means_already_undone():
    w = Driver(FORK)
    w.reply("a")
    w.cancelled("a")
    assert state(w, "a") == "Compensated"
    assert w.published() == ["-b"], "an undone step is a reason to go back"


def test_I2_Cancelled_for_the_pivot_known_done_is_no_news():
    w = Driver(definition(step("p", pivot=True), after("x")))
    w.reply("p")
    w.cancelled("p")
    assert state(w, "p") == "Succeeded"


def test_I2_a_failure_without_final_is_no_fact_and_only_moves_the_retry_clock():
    w = Driver(CHAIN, saga({"x": 1}))
    before = w.knowledge.wake_at
    w.fail("a")
    assert state(w, "a") == "Running"
    assert w.published() == []
    assert w.knowledge.wake_at != before
    w.wait_until_due()
    assert w.published() == ["a"]


def test_I2_a_final_failure_is_a_fact():
    w = Driver(CHAIN, saga({"x": 1}))
    w.fail("a", "OutOfStock", final=True)
    assert w.status().steps["a"].state == "Failed"
    assert w.status().failure.code == "OutOfStock"


def test_I2_the_same_failed_answer_counts_once():
    w = Driver(CHAIN, saga({"x": 1}))
    w.fail("a")
    w.fail("a")
    assert w.status().steps["a"].failures == 1
    w.wait_until_due()
    w.fail("a")
    assert w.status().steps["a"].failures == 2


def test_I2_a_reply_of_a_terminal_saga_is_dropped():
    w = Driver(definition(step("a")))
    w.reply("a")
    w.store()
    assert w.finished()
    before = w.knowledge
    w.reply("a")
    assert (w.effects, w.knowledge) == ([], before)


def test_I2_an_undone_compensation_is_known_also_before_its_direction_is():
    """After a rollback of etcd the object says Forward, while a compensation's reply is still under way."""
    w = Driver(FORK)
    w.reply("a")
    w.reply("b")
    w.fail("c", final=True)
    forward = w.object
    w.store()
    assert w.published() == ["~b", "~a"]
    w.feed(SagaSeen(forward, authoritative=True))
    w.reply("~a")
    assert state(w, "a") == "Compensated"


def test_I2_a_compensation_that_somebody_cancelled_without_a_decision_is_a_stall():
    w = Driver(FORK)
    w.reply("a")
    w.reply("b")
    w.fail("c", final=True)
    w.store()
    w.cancelled("~a")
    assert state(w, "a") == "Compensating"
    assert w.announced() == ["CompensationFailed"]


def test_I2_a_compensation_executed_of_a_step_unknown_means_it_never_is_in_force():
    done = Driver(FORK)
    done.reply("a")
    done.reply("b")
    done.fail("c", final=True)
    done.store()
    w = Driver(FORK)
    w.feed(answer(done.last("~a")))
    assert state(w, "a") == "Cancelled"


OWN_CODES = pytest.mark.parametrize("code", ["Cancelled", "UnresolvableInput"])


@OWN_CODES
def test_I2_a_participants_code_that_is_the_operators_only_moves_the_retry_clock(code):
    w = Driver(definition(step("a"), step("p", pivot=True), after("x")))
    w.reply("a")
    w.reply("p")
    w.fail("x", code)
    assert w.announced() == [], "one failure of many, not the knowledge that it never runs"
    assert w.status().steps["x"].error.code == f"Participant{code}"
    assert w.status().steps["x"].error.message == f"{code} happened"
    w.store()
    for operator in (w, w.restart()):
        operator.wait(60)
        assert label(operator.sent[-1]) == "x"


@OWN_CODES
def test_I2_a_compensation_that_fails_with_the_operators_code_is_sent_again(code):
    w = Driver(FORK)
    w.reply("a")
    w.reply("b")
    w.fail("c", final=True)
    w.store()
    w.fail("~a", code)
    assert w.announced() == []
    w.store()
    for operator in (w, w.restart()):
        operator.wait(60)
        assert "~a" in [label(message) for message in operator.sent[-2:]]


@OWN_CODES
def test_I2_a_definition_names_the_code_as_the_participant_says_it(code):
    policy = RetryPolicy(non_retryable_errors=[code])
    w = Driver(definition(step("a", retry_policy=policy), step("b", depends_on=[])))
    w.fail("a", code)
    assert w.published() == ["-a", "-b"]
    assert w.status().reason == f"Participant{code}"


@OWN_CODES
def test_I2_a_final_failure_with_the_operators_code_is_a_fact_and_the_participants(code):
    w = Driver(FORK)
    w.fail("a", code, final=True)
    assert w.status().steps["a"].state == "Failed"
    assert w.status().failure.code == f"Participant{code}"
