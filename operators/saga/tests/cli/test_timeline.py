"""``timeline``: who did what when."""

from __future__ import annotations

from typing import Any

import pytest
from kubectl_saga.drawing import draw
from kubectl_saga.story import Story, tell
from kubectl_saga.terminal import rendered
from saga_operator.domain.kinds import DecisionStatus, Metadata, SagaDecision, SagaDecisionSpec

from operators.saga.tests.cli.objects import (
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
TWO = definition(step("a"), step("b", "q"))


def story(of: JSON, by: JSON | None = TWO, **more: Any) -> Story:
    return tell(typed_saga(of), typed_definition(by) if by else None, NOW + 60, **more)


def happened(told: Story) -> list[tuple[float, str, str]]:
    return [(round(each.at - NOW, 3), each.who, each.what) for each in told.happenings]


def text(told: Story, monkeypatch: pytest.MonkeyPatch, columns: int = 110) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    return rendered(lambda width: draw(told, width))


def test_each_answer_has_its_time_and_its_participant() -> None:
    told = story(saga(startTime="2023-11-14T22:13:20.500Z", steps={"a": done(), "b": running(attempts=3, failures=2)}))
    assert happened(told) == [
        (0.5, "", "created the saga"),
        (0.5, "operator", "sent p.do-a for a"),
        (1.0, "p", "a succeeded"),
        (1.0, "operator", "sent q.do-b for b"),
        (60.0, "", "now: waits for the operator"),
    ]
    assert [(span.step, span.tries) for span in told.spans] == [("a", "1"), ("b", "3 (2✗)")]


def test_a_saga_that_waited_for_its_turn_begins_with_its_creation() -> None:
    told = story(saga(startTime="2023-11-14T22:14:20Z"))
    assert told.begin == NOW


def test_a_declined_order_as_people_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    order = recorded("declined")
    told = story(order, place_order(), fields=order["metadata"]["managedFields"])
    assert_golden("timeline-declined.txt", text(told, monkeypatch))


def test_an_order_that_succeeded_as_people_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    order = recorded("succeeded")
    told = story(order, place_order(), fields=order["metadata"]["managedFields"])
    assert_golden("timeline-succeeded.txt", text(told, monkeypatch, 80))


def test_on_a_narrow_terminal_the_bars_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    order = recorded("declined")
    told = story(order, place_order(), fields=order["metadata"]["managedFields"])
    assert_golden("timeline-narrow.txt", text(told, monkeypatch, 56))


def test_a_stuck_saga_shows_its_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = saga(
        startTime="2023-11-14T22:13:20.500Z",
        currentSteps="b",
        steps={"a": done(), "b": running(attempts=4, failures=1, error={"code": "Busy", "message": "later"})},
        conditions=[stalled()],
    )
    assert_golden("timeline-stuck.txt", text(story(stuck), monkeypatch))


def test_stalls_are_told_from_the_condition_and_earlier_ones_from_events() -> None:
    stuck = saga(conditions=[stalled()])
    event = {
        "reason": "Unroutable",
        "message": "nobody listens",
        "lastTimestamp": "2023-11-14T22:13:24Z",
        "metadata": {},
    }
    other = {**event, "reason": "Compensating"}
    assert happened(story(stuck, events=[event, other]))[1] == (5.0, "operator", "stalled, Unroutable: nobody listens")
    over = saga(conditions=[{**stalled(), "status": "False"}])
    assert happened(story(over, events=[event, other]))[1:3] == [
        (4.999, "operator", "stalled, Unroutable: nobody listens"),
        (5.0, "operator", "no longer stalled"),
    ]


def test_people_are_named_for_cancels_and_decisions() -> None:
    cancelled = saga()
    cancelled["spec"]["cancel"] = True
    fields = [
        {"manager": "orders", "time": "2023-11-14T22:13:20Z", "fieldsV1": {"f:spec": {"f:definition": {}}}},
        {"manager": "kubectl-saga", "time": "2023-11-14T22:13:30Z", "fieldsV1": {"f:spec": {"f:cancel": {}}}},
    ]
    told = happened(story(cancelled, fields=fields))
    assert (0.0, "orders", "created the saga") in told
    assert (10.5, "kubectl-saga", "asked for a cancel") in told


def test_people_are_named_for_what_they_decided_and_what_became_of_it() -> None:
    def made(uid: str, **status: Any) -> SagaDecision:
        return SagaDecision(
            metadata=Metadata(name=uid, uid=uid, namespace="shop", creation_timestamp="2023-11-14T22:13:40Z"),
            spec=SagaDecisionSpec(saga="s-1", action="Skip", by="ada", reason="ticket 88", step="a"),
            status=DecisionStatus(**status),
        )

    remembered = {"uid": "u-4", "action": "Abort", "by": "bob", "at": "2023-11-14T22:13:50Z", "reason": "by phone"}
    decided = saga(decisions=[{**remembered, "uid": "u-2"}, remembered])
    decisions = [made("u-1", state="Refused", message="it ran"), made("u-2", state="Applied"), made("u-3")]
    told = [(at, who, what) for at, who, what in happened(story(decided, decisions=decisions)) if "decided" in what]
    assert told == [
        (20.5, "ada", "decided Skip a: ticket 88 (refused: it ran)"),
        (20.5, "ada", "decided Skip a: ticket 88"),
        (20.5, "ada", "decided Skip a: ticket 88 (not answered yet)"),
        (30.5, "bob", "decided Abort: by phone"),
    ]


def test_what_is_known_to_the_second_is_marked_and_stands_before_what_came_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancelled = saga("s-1", "Compensated", steps={"a": done(state="Cancelled")}, completionTime="2023-11-14T22:13:22Z")
    cancelled["spec"]["cancel"] = True
    fields = [{"manager": "ada", "time": "2023-11-14T22:13:21Z", "fieldsV1": {"f:spec": {"f:cancel": {}}}}]
    told = story(cancelled, fields=fields)
    assert [what for _, _, what in happened(told)][2:4] == [
        "asked for a cancel",
        "a is cancelled: it did not run, and never will",
    ]
    assert "~1s" in text(told, monkeypatch)


def test_who_suspended_a_saga_and_let_it_go_is_told() -> None:
    held = saga()
    fields = [{"manager": "ada", "time": "2023-11-14T22:13:30Z", "fieldsV1": {"f:spec": {"f:suspend": {}}}}]
    assert (10.5, "ada", "let the saga go on") in happened(story(held, fields=fields))
    held["spec"]["suspend"] = True
    assert (10.5, "ada", "suspended the saga") in happened(story(held, fields=fields))


@pytest.mark.parametrize(
    ("state", "more", "sentence"),
    [
        ("Succeeded", {"decision": "u-1"}, "review is approved"),
        ("Succeeded", {}, "review is taken for approved: nobody decided in time"),
        (
            "Failed",
            {"error": {"code": "Rejected", "message": "ada: too risky"}},
            "review is not approved: Rejected: ada: too risky",
        ),
        ("Skipped", {}, "review is skipped: its conditions do not hold"),
    ],
)
def test_an_approval_waits_for_a_person_and_ends_by_one(state: str, more: JSON, sentence: str) -> None:
    guarded = definition({"name": "review", "approval": {}}, step("pay", pivot=True))
    step_status = {k: v for k, v in done(state=state, **more).items() if k != "attempts"}
    told = [what for _, _, what in happened(story(saga(steps={"review": step_status}), guarded))]
    assert told[1:3] == ["review waits for a person to decide", sentence]


def test_what_was_done_stays_told_when_it_is_undone() -> None:
    undo = {"attempts": 4, "failures": 3, "startedAt": "2023-11-14T22:13:25Z", "finishedAt": "2023-11-14T22:13:29Z"}
    told = story(saga(steps={"a": done(state="Compensated", attempts=2, failures=1, compensation=undo)}))
    assert [(at, what) for at, _, what in happened(told)][1:-1] == [
        (0.5, "sent p.do-a for a"),
        (1.0, "a succeeded at attempt 2 (1 failed)"),
        (5.0, "sent p.undo-a to undo a"),
        (9.0, "a is undone by p.undo-a at attempt 4 (3 failed)"),
    ]
    assert told.spans[0].tries == "2 (1✗) ↩ 4 (3✗)"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("Cancelled", "a is cancelled: it did not run, and never will"),
        ("Skipped", "a is skipped: its conditions do not hold"),
        ("Completed", "a is completed by decision"),
        ("Waived", "a succeeded"),
        ("Compensating", "a succeeded"),
    ],
)
def test_each_end_of_a_step_has_its_sentence(state: str, sentence: str) -> None:
    told = story(saga(steps={"a": done(state=state)}))
    assert sentence in [each.what for each in told.happenings]


def test_without_the_definition_the_steps_are_told_in_the_order_in_which_they_began() -> None:
    told = story(saga(steps={"b": running(), "a": done()}), None)
    assert [(span.step, span.command) for span in told.spans] == [("a", ""), ("b", "")]


def test_a_definition_that_took_the_others_name_is_not_told_by() -> None:
    told = story(saga(definitionHash="0123456789abcdef", steps={"reserve": done(), "b": running()}))
    assert [(span.step, span.command) for span in told.spans] == [("reserve", ""), ("b", "")]
    assert any("reserve succeeded" in each.what for each in told.happenings)


def test_a_saga_of_no_duration_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = saga(phase="Succeeded", startTime="2023-11-14T22:13:20Z", completionTime="2023-11-14T22:13:20Z")
    assert "Succeeded" in text(story(at_once), monkeypatch, 40)
