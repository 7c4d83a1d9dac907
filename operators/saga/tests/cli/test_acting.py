"""Who must act, and the command that a person types for it."""

from __future__ import annotations

from typing import Any

import pytest
from kubectl_saga.acting import what_to_type, who_must_act

from operators.saga.tests.cli.objects import running, saga, stalled

STUCK = {"pay": running(stalledSince="2023-11-14T22:13:25Z")}


def stuck(reason: str, **more: Any) -> dict[str, Any]:
    return saga(**{"steps": STUCK, "conditions": [stalled(reason)], "currentSteps": "pay", **more})


def hopeless(code: str) -> dict[str, Any]:
    return {"pay": {**STUCK["pay"], "error": {"code": code, "message": ""}}}


def undoing(code: str) -> dict[str, Any]:
    return {"pay": {**STUCK["pay"], "state": "Compensating", "compensation": {"error": {"code": code, "message": ""}}}}


@pytest.mark.parametrize(
    ("body", "who"),
    [
        (saga(), ""),
        (saga(phase="Succeeded", conditions=[stalled()]), ""),
        (saga(phase="Waiting", currentSteps="review"), "a person: approve or reject review"),
        (saga(phase="Suspended"), "a person: resume"),
        (stuck("CompensationFailed"), "a person: retry, skip or complete pay"),
        (stuck("StepFailed"), "a person: retry, skip or complete pay"),
        (stuck("Unanswered"), "the participant of pay: answer"),
        (stuck("Unroutable"), "the broker's owner: add a queue for pay"),
        (stuck("KeyReused"), "the participant of pay: free the register; or a person: abort"),
        (stuck("StepFailed", steps=hopeless("UnresolvableInput")), "a person: complete or skip pay"),
        (stuck("CompensationFailed", steps=undoing("Cancelled")), "a person: complete or skip pay"),
        (stuck("Unanswered", phase="Waiting", currentSteps="review"), "the participant of pay: answer"),
        (stuck("DefinitionMissing", steps={}), "the owner of definition d-v1"),
    ],
)
def test_somebody_is_named_exactly_where_a_saga_does_not_go_on_by_itself(body: dict[str, Any], who: str) -> None:
    assert who_must_act(body) == who


@pytest.mark.parametrize(
    ("body", "commands"),
    [
        (saga(), []),
        (saga(phase="Aborted", steps=STUCK), []),
        (saga(phase="Waiting", currentSteps="review,check"), ["approve s-1 review", "approve s-1 check"]),
        (saga(phase="Suspended"), ["resume s-1"]),
        (stuck("StepFailed"), ["retry s-1 pay"]),
        (stuck("KeyReused", steps=hopeless("KeyReused")), ["retry s-1 pay"]),
        (stuck("StepFailed", steps=hopeless("UnresolvableInput")), ["complete s-1 pay --output JSON"]),
        (stuck("Unanswered", phase="Waiting", currentSteps="review"), ["retry s-1 pay"]),
    ],
)
def test_a_person_is_told_what_to_type(body: dict[str, Any], commands: list[str]) -> None:
    assert [command.removesuffix(" --reason TEXT") for _, command in what_to_type(body)] == commands
