"""Which step a decision is about, and what is refused before anybody is asked."""

from __future__ import annotations

from typing import Any

import pytest
from kubectl_saga.deciding import refuse_ended, step_for, steps_for
from kubectl_saga.errors import CliError

from operators.saga.tests.cli.objects import (
    definition,
    done,
    running,
    saga,
    stalled,
    step,
    typed_definition,
    typed_saga,
)

REVIEW = {"name": "review", "approval": {"expiresAfter": "1h"}}
DEFINITION = typed_definition(
    definition(step("hold"), REVIEW, step("pay", pivot=True), step("ship", compensation=None))
)
STUCK = running(stalledSince="2023-11-14T22:13:25Z")


def chosen(action: Any, given: str | None, **steps: Any) -> str:
    return step_for(action, given, typed_saga(saga(steps=steps)), DEFINITION, lambda command: f"kubectl saga {command}")


def refusal(action: Any, given: str | None, **steps: Any) -> tuple[str, str | None]:
    with pytest.raises(CliError) as refused:
        chosen(action, given, **steps)
    return refused.value.message, refused.value.advice


def test_the_only_step_that_can_be_meant_need_not_be_named() -> None:
    assert chosen("Approve", None, hold=done(), review=running()) == "review"
    assert chosen("Retry", None, hold=done(), ship=STUCK) == "ship"
    assert chosen("Complete", "pay", pay=STUCK) == "pay"


def test_where_several_can_be_meant_each_command_is_offered() -> None:
    message, advice = refusal("Retry", None, hold=STUCK, ship=STUCK)
    assert message == "several steps of saga s-1 can be meant: hold, ship"
    assert advice == "kubectl saga retry s-1 hold\nkubectl saga retry s-1 ship"


@pytest.mark.parametrize(
    ("action", "given", "steps", "sentence"),
    [
        ("Approve", None, {"hold": running()}, "no step of saga s-1 waits for an approval"),
        ("Retry", None, {"hold": running()}, "no step of saga s-1 is stalled"),
        ("Retry", "hodl", {}, "saga s-1 has no step hodl"),
        ("Approve", "hold", {"hold": running()}, "step hold of saga s-1 is no approval: p carries it out"),
        ("Approve", "review", {}, "step review of saga s-1 does not wait for an approval: it is not its turn yet"),
        (
            "Reject",
            "review",
            {"review": done()},
            "step review of saga s-1 does not wait for an approval: it is Succeeded",
        ),
        ("Skip", "review", {"review": running()}, "step review of saga s-1 is an approval: it is approved or rejected"),
        ("Complete", "hold", {"hold": running()}, "step hold of saga s-1 is not stalled: it is under way"),
        ("Skip", "pay", {"pay": STUCK}, "step pay is the pivot of saga s-1 and cannot be skipped"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(action: str, given: str, steps: Any, sentence: str) -> None:
    assert refusal(action, given, **steps)[0] == sentence


def test_a_misspelt_step_brings_the_nearest_and_a_wrong_one_those_that_fit() -> None:
    assert refusal("Retry", "hodl")[1] == "Did you mean hold?"
    assert refusal("Retry", "hold", hold=done(), ship=STUCK)[1] == "These could be meant: ship"


def test_without_the_right_to_read_definitions_the_operator_judges_an_approval() -> None:
    known = typed_saga(saga(steps={"review": running()}))
    assert step_for("Approve", "review", known, None, str) == "review"
    assert steps_for("Approve", known, None) == []


@pytest.mark.parametrize("phase", ["Succeeded", "Compensated", "Aborted"])
def test_nothing_is_decided_about_a_saga_that_has_ended(phase: str) -> None:
    ended = typed_saga(saga(phase=phase, conditions=[stalled()]))
    with pytest.raises(CliError, match=f"saga s-1 has ended as {phase}, so nothing is left to decide"):
        refuse_ended(ended)
