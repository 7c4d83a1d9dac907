"""The status is read by people: phase, progress, steps and reasons; and by machines: conditions."""

from saga_operator.domain.events import Returned
from saga_operator.domain.kinds import Compensation, Condition

from operators.saga.tests.unit.driver import Driver, after, definition, saga, step

FORK = definition(step("a"), step("b", depends_on=[]), step("p", pivot=True), after("x"))


def conditions(status):
    return {each.type: (each.status, each.reason) for each in status.conditions}


def test_a_running_saga_shows_what_is_done_and_what_awaits_an_answer():
    w = Driver(FORK)
    w.reply("a", body={"id": 1})
    status = w.status()
    assert (status.phase, status.direction, status.progress) == ("Running", "Forward", "1/4")
    assert status.current_steps == "b"
    assert {name: each.state for name, each in status.steps.items()} == {"a": "Succeeded", "b": "Running"}
    assert (status.reason, status.failure, status.completion_time, status.duration) == (None, None, None, None)
    assert conditions(status) == {}
    assert status.definition_hash == FORK.hash


def test_a_succeeded_saga():
    w = Driver(FORK)
    for name in "abpx":
        w.now += 1
        w.reply(name)
    w.store()
    status = w.object.status
    assert (status.phase, status.progress, status.current_steps, status.attempts) == ("Succeeded", "4/4", None, 4)
    assert (status.start_time, status.completion_time) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:13:24.000Z")
    assert status.duration == "4s"
    assert conditions(status) == {"Succeeded": ("True", "Succeeded"), "Compensated": ("False", "Succeeded")}


def test_a_saga_on_its_way_back():
    w = Driver(definition(step("a"), step("b"), step("c")))
    w.reply("a")
    w.reply("b")
    w.fail("c", "OutOfStock", final=True)
    w.store()
    status = w.object.status
    assert (status.phase, status.direction, status.progress) == ("Compensating", "Backward", "2/3")
    assert status.current_steps == "b"
    assert status.reason == "OutOfStock"
    assert conditions(status) == {"Succeeded": ("False", "OutOfStock")}
    assert status.steps["b"].state == "Succeeded"
    assert w.status().steps["b"].state == "Compensating"
    w.reply("~b")
    assert (w.status().progress, w.status().current_steps) == ("1/3", "a")
    assert w.status().failure == status.failure


def test_a_compensated_saga():
    w = Driver(definition(step("a"), step("b")))
    w.reply("a")
    w.fail("b", "CardDeclined", final=True)
    w.store()
    w.now += 90
    w.reply("~a")
    w.store()
    status = w.object.status
    assert (status.phase, status.progress, status.duration) == ("Compensated", "0/2", "1m30s")
    assert conditions(status)["Compensated"] == ("True", "Compensated")
    assert conditions(status)["Succeeded"] == ("False", "CardDeclined")


def test_a_code_that_kubernetes_would_refuse_as_a_reason_is_shown_in_the_message_only():
    w = Driver(definition(step("a")))
    w.fail("a", "out of stock", final=True)
    assert conditions(w.status())["Succeeded"] == ("False", "Failed")
    assert w.status().reason == "out of stock"


def test_a_condition_keeps_its_time_as_long_as_its_status():
    w = Driver(definition(step("a"), step("b")))
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    first = w.object.status.conditions[0]
    w.now += 60
    w.reply("~a")
    w.store()
    again = next(each for each in w.object.status.conditions if each.type == "Succeeded")
    assert again.last_transition_time == first.last_transition_time
    assert next(each for each in w.object.status.conditions if each.type == "Compensated").last_transition_time == (
        "2023-11-14T22:14:20.000Z"
    )


def test_steps_that_nothing_was_done_about_stay_out_of_the_object():
    assert list(Driver(FORK).status().steps) == ["a", "b"]


def test_a_retry_shows_its_last_error():
    w = Driver(FORK)
    w.fail("a", "Busy")
    shown = w.status().steps["a"]
    assert (shown.state, shown.attempts, shown.failures, shown.error.code) == ("Running", 1, 1, "Busy")
    assert w.stores() == [False]
    w.reply("a")
    assert w.status().steps["a"].error is None


def test_the_same_error_again_is_not_worth_a_write():
    w = Driver(FORK)
    w.fail("a", "Busy")
    w.wait_until_due()
    w.fail("a", "Busy")
    assert w.stores() == []


def test_a_participants_sentence_is_cut_because_it_lies_in_etcd():
    w = Driver(FORK)
    w.reply("a", "Failed", {"code": "C" * 500, "message": "m" * 5000})
    error = w.status().steps["a"].error
    assert (len(error.code), len(error.message)) == (63, 500)


def test_a_skipped_step_is_no_progress_on_the_way_back():
    skip = [Condition(input="$(input.risk)", operator="In", values=["high"])]
    w = Driver(definition(step("a"), step("b", when=skip), step("c")), saga({"risk": "low"}))
    w.reply("a")
    assert w.status().progress == "2/3"
    w.fail("c", final=True)
    w.store()
    assert w.object.status.progress == "1/3"


def test_the_end_is_told_only_when_it_is_not_success():
    w = Driver(definition(step("a"), step("b", compensation=Compensation(none="reads"))))
    w.reply("a")
    w.fail("b", "Gone", final=True)
    w.store()
    w.reply("~a")
    w.store()
    assert w.announced() == ["Compensated"]
    assert w.effects[0].message == "Everything that ran is undone. Step b: Gone: Gone happened"


def test_after_the_pivot_a_failing_step_is_shown_as_a_stall():
    w = Driver(definition(step("p", pivot=True), after("x")))
    w.reply("p")
    for _ in range(9):
        w.fail("x", "Busy")
        w.wait_until_due()
    assert w.status().reason == "StepFailed"
    assert (w.status().phase, w.status().current_steps) == ("Running", "x")
    w.reply("x")
    w.store()
    assert w.phase == "Succeeded"
    assert conditions(w.object.status).get("Stalled") in (None, ("False", "Progressing"))


def test_after_the_pivot_a_step_whose_input_cannot_be_computed_is_a_stall():
    w = Driver(definition(step("p", pivot=True), after("x", input={"id": "$(steps.p.output.id)"})))
    w.reply("p")
    assert w.published() == []
    assert w.announced() == ["StepFailed"]
    assert w.status().steps["x"].error.code == "UnresolvableInput"


def test_after_the_pivot_a_dead_register_is_a_stall():
    w = Driver(definition(step("p", pivot=True), after("x")))
    w.reply("p")
    w.cancelled("x")
    assert w.announced() == ["StepFailed"]
    assert w.status().direction == "Forward"


def test_the_gravest_stall_is_shown():
    w = Driver(definition(step("p", pivot=True), after("x"), after("y", depends_on=[])))
    w.reply("p")
    w.broker(Returned, "x")
    assert w.status().reason == "Unroutable"
    w.fail("y", "KeyReused")
    assert w.status().reason == "KeyReused"


def test_the_direction_is_always_stored_and_reads_as_Forward_where_it_is_not():
    assert Driver(FORK).direction == "Forward"
    assert Driver(FORK).status().direction == "Forward"
    assert Driver(None).status().direction == "Forward"
