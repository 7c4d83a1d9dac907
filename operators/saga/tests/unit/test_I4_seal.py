"""I4: seal, then flip. Nobody turns back while a register could still say that it ran."""

import pytest
from saga_operator.domain.events import Confirmed, Returned, SagaSeen, Unconfirmed
from saga_operator.domain.kinds import Compensation, RetryPolicy
from skald_wire import Cancel, Command, Direction

from operators.saga.tests.unit.driver import Driver, after, definition, saga, step

CHAIN = definition(step("a"), step("b"), step("c"))
FORK = definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["a", "b"]))
PIVOT = definition(step("a"), step("p", pivot=True), after("x"))
SHORT = RetryPolicy(max_attempts=2, non_retryable_errors=["InvalidInput"])


def deadline(w):
    w.now = w.knowledge.deadline
    return w.wait(0)


def cancel(w):
    wanted = saga(w.object.spec.input, status=w.object.status, version="9", cancel=True)
    return w.feed(SagaSeen(wanted, authoritative=False))


def test_I4_a_dead_step_with_nothing_else_open_turns_the_saga_back_at_once():
    w = Driver(CHAIN)
    w.reply("a")
    w.fail("b", "OutOfStock", final=True)
    assert w.published() == []
    assert w.stores() == [True]
    status = w.status()
    assert status.direction == "Backward"
    assert status.phase == "Compensating"
    assert (status.failure.step, status.failure.code, status.failure.attempts) == ("b", "OutOfStock", 1)


def test_I4_seal_waits_for_every_open_step():
    w = Driver(FORK)
    w.fail("a", final=True)
    assert w.published() == ["-b"]
    assert True not in w.stores()
    w.reply("-b")
    assert w.stores() == [True]
    assert {name: each.state for name, each in w.status().steps.items()} == {"a": "Failed", "b": "Succeeded"}


def test_I4_a_success_found_by_the_seal_may_open_other_steps_which_are_sealed_too():
    wide = definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["b"]), step("d", depends_on=["c"]))
    w = Driver(wide)
    w.fail("a", final=True)
    assert w.published() == ["-b"]
    w.reply("-b")
    assert w.published() == ["-c"]
    w.cancelled("-c")
    assert w.published() == []
    assert w.stores() == [True]
    assert {name: each.state for name, each in w.status().steps.items()} == {
        "a": "Failed", "b": "Succeeded", "c": "Cancelled",
    }  # fmt: skip


def test_I4_a_step_never_sent_is_cancelled_too_because_another_operator_may_have_sent_it():
    w = Driver(CHAIN, saga(cancel=True))
    assert w.published() == ["-a"]


@pytest.mark.parametrize("reason", [deadline, cancel])
def test_I4_deadline_and_cancel_seal_and_then_turn_back(reason):
    w = Driver(CHAIN)
    w.reply("a")
    reason(w)
    assert w.published() == ["-b"]
    assert w.direction is Direction.FORWARD
    w.cancelled("-b")
    assert w.stores() == [True]
    w.store()
    assert w.published() == ["~a"]
    w.reply("~a")
    w.store()
    assert w.phase == "Compensated"
    assert w.object.status.failure.code in ("DeadlineExceeded", "CancelRequested")
    assert w.object.status.failure.step == "b"


@pytest.mark.parametrize("reason", [deadline, cancel])
def test_I4_once_the_pivot_is_known_to_have_run_nothing_is_a_reason(reason):
    w = Driver(PIVOT)
    w.reply("a")
    w.reply("p")
    reason(w)
    assert all(isinstance(message, Command) for message in w.sent)
    w.reply("x")
    w.store()
    assert w.phase == "Succeeded"


@pytest.mark.parametrize("reason", [deadline, cancel])
def test_I4_if_the_seal_finds_the_pivot_done_it_is_too_late_and_the_saga_goes_on(reason):
    w = Driver(PIVOT)
    w.reply("a")
    reason(w)
    assert w.published() == ["-p"]
    w.reply("-p")
    assert w.published() == ["x"]
    assert w.status().failure is None
    w.reply("x")
    w.store()
    assert w.phase == "Succeeded"


def test_I4_if_the_seal_finds_everything_done_the_saga_has_succeeded():
    w = Driver(FORK)
    w.reply("a")
    w.reply("b")
    cancel(w)
    w.reply("-c")
    w.store()
    assert w.phase == "Succeeded"


def test_I4_exhausted_attempts_seal_and_only_an_answered_cancel_counts():
    w = Driver(definition(step("a", retry_policy=SHORT), step("b")))
    w.fail("a", "Busy")
    w.wait_until_due()
    w.fail("a", "Busy")
    assert w.published() == ["-a"]
    assert w.stores() != [True], "it may still have run"
    assert w.status().failure.code == "Busy"
    w.cancelled("-a")
    w.store()
    assert w.phase == "Compensated"
    assert w.object.status.failure.attempts == 2


def test_I4_an_exhausted_step_that_ran_after_all_goes_on():
    w = Driver(definition(step("a", retry_policy=SHORT), step("b")))
    w.fail("a", "InvalidInput")
    assert w.published() == ["-a"]
    w.reply("-a")
    assert w.published() == ["-b"], "the seal is not over before no step is open"
    w.reply("-b")
    w.store()
    assert w.phase == "Succeeded"


def test_I4_a_code_that_is_not_retryable_seals_at_once():
    w = Driver(definition(step("a", retry_policy=SHORT)))
    w.fail("a", "InvalidInput")
    assert w.published() == ["-a"]


def test_I4_maxAttempts_counts_failed_answers_not_silence():
    w = Driver(definition(step("a", retry_policy=SHORT)))
    for _ in range(5):
        w.wait_until_due()
    w.fail("a")
    assert all(isinstance(message, Command) for message in w.sent)
    w.wait_until_due()
    w.fail("a")
    assert w.published() == ["-a"]


def test_I4_exhausted_attempts_of_the_pivot_seal_it():
    w = Driver(definition(step("a"), step("p", pivot=True, retry_policy=SHORT)))
    w.reply("a")
    w.fail("p", "InvalidInput")
    assert w.published() == ["-p"]
    w.cancelled("-p")
    w.store()
    assert w.published() == ["~a"]


def test_I4_while_sealing_no_action_is_published_only_cancels():
    w = Driver(FORK)
    w.fail("a", final=True)
    for _ in range(5):
        w.wait_until_due()
        assert w.published() == ["-b"]


def test_I4_silence_is_no_answer_three_unanswered_cancels_are_shown_and_it_goes_on_by_itself():
    w = Driver(FORK)
    w.fail("a", final=True)
    for _ in range(2):
        w.wait_until_due()
        assert "Unanswered" not in w.announced()
    w.wait_until_due()
    assert w.announced() == ["Unanswered"]
    assert w.stores() == [False]
    stalled = next(each for each in w.status().conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "Unanswered")
    assert w.status().reason == "Unanswered"
    w.cancelled("-b")
    assert w.stores() == [True]
    w.store()
    assert w.phase == "Compensated"


def test_I4_a_failure_that_is_not_final_does_not_answer_a_cancel():
    w = Driver(FORK)
    w.fail("a", final=True)
    w.fail("-b", "Busy")
    assert True not in w.stores()
    w.wait_until_due()
    assert w.published() == ["-b"]


@pytest.mark.parametrize("outcome", [Returned, Unconfirmed])
def test_I4_a_cancel_that_reached_no_queue_is_not_unanswered(outcome):
    w = Driver(FORK)
    w.fail("a", final=True)
    for _ in range(6):
        w.broker(outcome, "-b")
        w.wait_until_due()
    assert w.status().reason != "Unanswered"


def test_I4_attempts_go_on_counting_over_the_cancel():
    w = Driver(FORK)
    w.fail("a", final=True)
    assert isinstance(w.last("-b"), Cancel)
    assert w.last("-b").attempt == 2


def test_I4_a_seal_writes_nothing_and_the_flip_carries_the_outcome_of_every_step():
    w = Driver(CHAIN)
    w.reply("a", body={"id": "r-1"})
    w.store()
    cancel(w)
    assert w.stores() == []
    w.cancelled("-b")
    w.store()
    flip = w.writes[-1]
    assert flip.direction == "Backward"
    assert {name: each.state for name, each in flip.steps.items()} == {"a": "Succeeded", "b": "Cancelled"}
    assert flip.steps["a"].output == {"id": "r-1"}


def test_I4_a_new_operator_seals_again_from_what_is_stored():
    w = Driver(definition(step("a", retry_policy=SHORT), step("b")))
    w.fail("a", "InvalidInput")
    w.store()
    successor = w.restart()
    assert successor.published() == ["-a"]


def test_I4_a_new_operator_that_knows_no_reason_sends_the_action_and_meets_the_tombstone():
    w = Driver(CHAIN)
    deadline(w)
    successor = w.restart()
    successor.now -= 300
    fresh = Driver(CHAIN, w.object)
    assert fresh.published() == ["a"]
    fresh.cancelled("a")
    fresh.store()
    assert fresh.phase == "Compensated"
    assert fresh.object.status.failure.code == "Cancelled"


def test_I4_nothing_to_undo_turns_back_and_ends_in_the_same_write():
    w = Driver(definition(step("a", compensation=Compensation(none="it only reads")), step("b")))
    w.reply("a")
    w.fail("b", final=True)
    assert w.status().phase == "Compensated"
    w.store()
    assert (w.phase, w.object.status.direction) == ("Compensated", "Backward")
    assert w.announced() == ["Compensated"]
    assert w.finished()


def test_I4_steps_after_the_pivot_are_never_cancelled():
    w = Driver(PIVOT, saga(cancel=True))
    w.reply("-a")
    w.cancelled("-p")
    w.store()
    assert not [message for message in w.sent if message.address.step == "x"]
    assert w.published() == ["~a"]


@pytest.mark.parametrize("code", ["KeyReused"])
def test_I4_a_reused_key_neither_flips_nor_goes_on(code):
    w = Driver(FORK)
    w.fail("a", code, final=True)
    assert w.published() == []
    assert w.announced() == [code]
    w.reply("b")
    assert w.published() == []
    w.wait_until_due()
    assert w.published() == ["a"], "only the command itself is asked again"
    assert w.status().direction == "Forward"


def test_I4_a_reused_key_clears_when_the_register_answers():
    w = Driver(FORK)
    w.fail("a", "KeyReused")
    w.reply("b")
    w.reply("a")
    assert w.published() == ["c"]
    assert w.status().reason is None


def test_I4_a_reused_key_cannot_be_sealed():
    w = Driver(FORK, saga(cancel=True))
    w.fail("-a", "KeyReused")
    w.cancelled("-b")
    assert w.status().reason == "KeyReused"
    for _ in range(5):
        w.wait_until_due()
        assert True not in w.stores()
        w.fail("-a", "KeyReused")


def test_I4_a_confirm_changes_nothing_and_costs_nothing():
    w = Driver(FORK)
    before = w.knowledge
    w.broker(Confirmed, "a")
    assert w.knowledge is before
