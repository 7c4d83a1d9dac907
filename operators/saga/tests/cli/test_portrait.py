"""``get``: one saga on one page."""

from __future__ import annotations

from typing import Any

from click import unstyle
from kubectl_saga.portrait import portray

from operators.saga.tests.cli.objects import NOW, definition, done, running, saga, step, typed_definition, typed_saga

JSON = dict[str, Any]
BUSY = {"code": "Busy", "message": "later"}
DEFINITION = typed_definition(definition(step("a"), {"name": "review", "approval": {}}, step("pay", pivot=True)))


def rows(of: JSON) -> dict[str, list[str]]:
    """By its first word, what stands in each line of the page."""
    page = unstyle("\n".join(portray(typed_saga(of), DEFINITION, NOW + 60)))
    return {line.split()[0]: line.split()[1:] for line in page.splitlines() if line}


def test_a_failure_that_was_overcome_is_not_shown_and_the_answer_is() -> None:
    assert rows(saga(steps={"a": done({"id": 7}, error=BUSY, attempts=3, failures=2)}))["a"] == [
        *("Succeeded", "3", "(2✗)", "500ms"),
        *('{"id":', "7}"),
    ]


def test_a_compensation_that_fails_shows_its_failure_and_its_tries() -> None:
    undo = {"attempts": 9, "failures": 9, "error": BUSY, "startedAt": "2023-11-14T22:13:25Z"}
    failing = rows(saga(phase="Compensating", steps={"a": done({"id": 7}, state="Compensating", compensation=undo)}))
    assert failing["a"] == ["Compensating", "1", "↩", "9", "(9✗)", "500ms", "Busy:", "later"]
    undone = {**undo, "finishedAt": "2023-11-14T22:13:29Z"}
    over = rows(saga(phase="Compensated", steps={"a": done({"id": 7}, state="Compensated", compensation=undone)}))
    assert over["a"][-2:] == ['{"id":', "7}"]


def test_a_step_that_waits_for_a_person_is_not_called_running() -> None:
    waiting = rows(saga(phase="Waiting", steps={"review": {"state": "Running", "startedAt": "2023-11-14T22:13:21Z"}}))
    assert waiting["review"] == ["Waiting", "59s"]


def test_what_became_of_a_command_is_not_known_once_the_saga_was_given_up() -> None:
    decided = {"uid": "u-1", "action": "Abort", "by": "ada", "at": "2023-11-14T22:13:24Z", "reason": "by phone"}
    given_up = saga(phase="Aborted", steps={"a": running()}, completionTime="2023-11-14T22:13:25Z", decisions=[decided])
    page = rows(given_up)
    assert page["a"] == ["not", "known", "1", "4s"]
    assert page["pay"] == ["never", "ran"]
    assert page["decision"] == ["Abort", "by", "ada:", "by", "phone"]


def test_a_definition_that_took_the_others_name_hides_nothing_of_what_ran() -> None:
    moved = saga(definitionHash="0123456789abcdef", steps={"reserve": done(), "pay": done()})
    page = rows(moved)
    assert (page["reserve"][0], page["pay"][0]) == ("Succeeded", "Succeeded")
    assert "review" not in page
    assert "another one goes by this name now" in " ".join(page["definition"])
