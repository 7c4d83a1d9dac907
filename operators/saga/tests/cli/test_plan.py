"""``plan``: what a cancel would undo, found by the operator's own machine."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from kubectl_saga.commands.plan import _lines
from kubectl_saga.forecast import Forecast, Outcome, forecast
from skald_wire import Direction, command_id

from operators.saga.tests.cli.objects import (
    CREATED,
    NOW,
    assert_golden,
    definition,
    done,
    place_order,
    recorded,
    running,
    saga,
    stalled,
    step,
    typed_definition,
    typed_saga,
)

JSON = dict[str, Any]
CHAIN = definition(
    step("a", input={"n": "$(input.n)"}, compensation={"command": "undo-a", "input": {"id": "$(steps.a.output.id)"}}),
    step("b", "q", compensation={"command": "undo-b", "input": {"id": "$(steps.b.output.id)", "of": "b-$(input.n)"}}),
    step("pay", "r", pivot=True),
    step("ship", "s", compensation=None),
)


def plan(of: JSON, by: JSON | None = CHAIN) -> Forecast:
    return forecast(typed_definition(by) if by else None, typed_saga(of), NOW + 5)


def undone(found: Forecast) -> list[tuple[int, str, bool]]:
    return [(each.order, each.step, each.certain) for each in found.undone]


def test_I5_what_ran_is_undone_dependants_first_with_resolved_inputs_and_ids() -> None:
    ran = saga(given={"n": 7}, steps={"a": done({"id": "x"}), "b": done({"id": "y"})})
    found = plan(ran)
    assert found.outcome is Outcome.TURNS_BACK
    assert undone(found) == [(1, "b", True), (2, "a", True)]
    assert [each.input for each in found.undone] == [{"id": "y", "of": "b-7"}, {"id": "x"}]
    assert [f"{each.participant}.{each.command}" for each in found.undone] == ["q.undo-b", "p.undo-a"]
    key = "shop/s-1"
    assert [each.command_id for each in found.undone] == [
        command_id("shop", key, name, Direction.BACKWARD.kind) for name in ("b", "a")
    ]


def test_I4_the_step_under_way_is_asked_and_undone_only_if_it_ran() -> None:
    found = plan(saga(given={"n": 1}, steps={"a": done({"id": "x"}), "b": running()}))
    assert [(each.step, each.pivot) for each in found.asked] == [("b", False)]
    assert undone(found) == [(1, "b", False), (2, "a", True)]
    assert found.undone[0].input == {"id": "$(steps.b.output.id)", "of": "b-1"}


def test_I4_a_pivot_under_way_decides_whether_there_is_a_way_back() -> None:
    found = plan(saga(given={"n": 1}, steps={"a": done({"id": "x"}), "b": done({"id": "y"}), "pay": running()}))
    assert [(each.step, each.pivot) for each in found.asked] == [("pay", True)]
    assert undone(found) == [(1, "b", True), (2, "a", True)]


def test_S6_after_the_pivot_nothing_is_undone() -> None:
    steps = {"a": done({"id": "x"}), "b": done({"id": "y"}), "pay": done(), "ship": running()}
    found = plan(saga(given={"n": 1}, steps=steps))
    assert found.outcome is Outcome.TOO_LATE
    assert (found.undone, found.kept, found.onward) == ([], [], ["ship"])


def test_a_suspended_saga_shows_what_is_undone_once_it_is_resumed() -> None:
    held = saga(phase="Suspended", given={"n": 7}, steps={"a": done({"id": "x"}), "b": done({"id": "y"})})
    held["spec"]["suspend"] = True
    found = plan(held)
    assert found.message.endswith("; nothing is undone before it is resumed")
    assert undone(found) == [(1, "b", True), (2, "a", True)]


def test_a_step_that_was_completed_or_waived_by_decision_stays() -> None:
    found = plan(saga(given={"n": 7}, steps={"a": done({"id": "x"}, state="Completed", decision="u-1")}))
    assert [(each.step, each.why) for each in found.kept] == [("a", "Completed by decision")]


def test_an_approval_that_waits_does_not_keep_a_saga_from_going_back() -> None:
    guarded = definition(step("a"), {"name": "review", "approval": {}}, step("pay", "r", pivot=True))
    held = saga(
        phase="Waiting", steps={"a": done(), "review": {"state": "Running", "startedAt": "2023-11-14T22:13:21Z"}}
    )
    found = plan(held, guarded)
    assert found.outcome is Outcome.TURNS_BACK
    assert undone(found) == [(1, "a", True)]


def test_nothing_has_run() -> None:
    found = plan(saga(given={"n": 1}, phase="Pending"))
    assert found.outcome is Outcome.TURNS_BACK
    assert undone(found) == [(1, "a", False)]


def test_steps_side_by_side_are_undone_side_by_side() -> None:
    fork = definition(step("a"), step("b", dependsOn=[]), step("c", dependsOn=["a", "b"]), step("pay", pivot=True))
    found = plan(saga(steps={"a": done(), "b": done(), "c": done()}), fork)
    assert undone(found) == [(1, "c", True), (2, "a", True), (2, "b", True)]


def test_sequential_compensation_goes_one_by_one() -> None:
    policy = {"order": "Sequential"}
    fork = definition(step("a"), step("b", dependsOn=[]), step("pay", pivot=True), compensationPolicy=policy)
    assert undone(plan(saga(steps={"a": done(), "b": done()}), fork)) == [(1, "b", True), (2, "a", True)]


def test_what_has_nothing_to_undo_stays_and_says_why() -> None:
    mail = definition(
        step("mail", compensation={"none": "a mail cannot be unsent"}), step("b"), step("pay", pivot=True)
    )
    found = plan(saga(steps={"mail": done(), "b": done()}), mail)
    assert undone(found) == [(1, "b", True)]
    assert [(each.step, each.why) for each in found.kept] == [("mail", "nothing to undo: a mail cannot be unsent")]


def test_a_compensation_whose_input_cannot_be_computed_is_named_before_it_stalls_anything() -> None:
    found = plan(saga(given={"n": 1}, steps={"a": done(), "b": done({"id": "y"})}))
    assert undone(found) == [(1, "b", True)]
    assert "$(steps.a.output.id): the step a has no output" in str(found.stall)


def test_a_saga_on_its_way_back_shows_what_is_left() -> None:
    steps = {"a": done({"id": "x"}), "b": done({"id": "y"}, state="Compensated")}
    failure = {"step": "pay", "code": "Declined"}
    found = plan(saga(phase="Compensating", direction="Backward", failure=failure, given={"n": 1}, steps=steps))
    assert found.outcome is Outcome.GOES_BACK_ALREADY
    assert undone(found) == [(1, "a", True)]


def test_I4_when_nothing_is_left_to_cancel_it_is_too_late() -> None:
    assert plan(saga(steps={"a": done(), "b": done()}), definition(step("a"), step("b"))).outcome is Outcome.TOO_LATE
    last = plan(saga(steps={"a": done(), "b": running()}), definition(step("a"), step("b")))
    assert (last.outcome, last.all_ran_is_too_late) == (Outcome.TURNS_BACK, True)
    assert undone(last) == [(1, "a", True)]


def test_I4_of_several_last_steps_any_may_have_run_but_not_all() -> None:
    fork = definition(step("a"), step("b", dependsOn=["a"]), step("c", dependsOn=["a"]))
    found = plan(saga(steps={"a": done(), "b": running(), "c": running()}), fork)
    assert found.all_ran_is_too_late
    assert undone(found) == [(1, "b", False), (1, "c", False), (2, "a", True)]


def test_a_saga_without_its_definition_goes_nowhere() -> None:
    found = plan(saga(), None)
    assert found.outcome is Outcome.CANNOT_RUN
    assert "there is no SagaDefinition d-v1" in found.message
    changed = plan(saga(definitionHash="0000", steps={"a": running()}))
    assert changed.outcome is Outcome.CANNOT_RUN


@pytest.mark.parametrize("name", ["declined", "succeeded"])
def test_a_saga_that_ended_has_no_plan(name: str) -> None:
    assert plan(recorded(name), place_order()).outcome is Outcome.ENDED


def test_S6_a_pivot_that_has_run_is_too_late_also_when_nothing_can_be_sent_on() -> None:
    by = definition(
        step("a"),
        step("pay", "r", pivot=True),
        step("ship", "s", compensation=None, input={"id": "$(steps.pay.output.id)"}),
    )
    lost = running(error={"code": "UnresolvableInput", "message": "no such field"}, stalledSince=CREATED)
    found = plan(saga(steps={"a": done(), "pay": done(state="Completed"), "ship": lost}), by)
    assert found.outcome is Outcome.TOO_LATE
    assert found.onward == ["ship"]
    assert "the step pay has no output" in (found.stall or "")
    assert any("It is stuck" in line for line in _lines(found, "cancel"))


def test_too_late_says_nothing_of_undoing_in_a_suspended_saga() -> None:
    held = saga(steps={"a": done(), "b": done(), "pay": done()}, phase="Suspended")
    held["spec"]["suspend"] = True
    assert "resumed" not in plan(held).message


def test_I4_a_condition_on_an_answer_not_known_yet_leaves_both_ways_open() -> None:
    risky = [{"input": "$(steps.check.output.risk)", "operator": "In", "values": ["high"]}]
    by = definition(step("a"), step("check"), step("hold", when=risky))
    found = plan(saga(steps={"a": done(), "check": running()}), by)
    assert found.all_ran_is_too_late is None
    assert undone(found) == [(1, "check", False), (2, "a", True)]
    assert any("their answers decide" in line for line in _lines(found, "cancel"))


def test_I4_a_condition_that_a_made_up_answer_would_meet_leaves_both_ways_open_too() -> None:
    unless = [{"input": "$(steps.check.output.risk)", "operator": "NotIn", "values": ["low"]}]
    by = definition(step("a"), step("check"), step("hold", when=unless))
    assert plan(saga(steps={"a": done(), "check": running()}), by).all_ran_is_too_late is None


def test_R6_a_register_that_stands_for_something_else_keeps_the_saga_from_turning_back() -> None:
    reused = running(error={"code": "KeyReused", "message": "other content"}, stalledSince=CREATED)
    found = plan(saga(given={"n": 1}, steps={"a": done({"id": "x"}), "b": reused}))
    assert found.outcome is Outcome.STUCK
    assert "already stands for other content" in found.message
    assert (found.asked, found.undone) == ([], [])


def test_a_step_under_way_that_has_nothing_to_undo_is_not_said_to_be_undone() -> None:
    by = definition(step("a"), step("mail", compensation={"none": "a mail cannot be unsent"}), step("c"))
    found = plan(saga(steps={"a": done(), "mail": running()}), by)
    assert found.kept == [], "nobody knows yet that it ran"
    assert any("it stays: there is nothing to undo" in str(line) for line in _lines(found, "cancel"))


def test_an_order_that_waits_for_its_capture_as_people_read_it() -> None:
    order = live_order()
    text = "\n".join(_lines(plan(order, place_order()), "kubectl saga cancel order-succeeded -n shop"))
    assert_golden("plan.txt", text)


def live_order() -> JSON:
    """The recorded order, before its payment was captured and with one answer still missing."""
    order = copy.deepcopy(recorded("succeeded"))
    status = order["status"]
    status["phase"] = "Running"
    status["conditions"] = [stalled()]
    for name in ("capture-payment", "commit-stock", "dispatch"):
        del status["steps"][name]
    status["steps"]["authorize-payment"] = running(startedAt=status["startTime"])
    return order


def test_texts_of_others_cannot_steer_the_terminal() -> None:
    found = plan(saga(given={"n": "\x1b[31mred"}, steps={"a": done({"id": "\x1b]0;title\x07"}), "b": running()}))
    assert "\x1b]" not in "\n".join(_lines(found, "cancel"))
