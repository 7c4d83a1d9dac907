"""A definition that breaks a rule is refused, and the message names the step and says what to do."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from tests.contract.admission.definitions import approval, around_pivot, command, compensated, largest

GOOD = {
    "one step that is the pivot": {"steps": [command("pay", pivot=True)]},
    "no pivot, all compensated": {"steps": [command("a", **compensated()), command("b", **compensated())]},
    "nothing to undo, said so": {"steps": [command("a", compensation={"none": "it only reads"})]},
    "parallel before the pivot": around_pivot(
        before=[command("a", **compensated()), command("b", dependsOn=[], **compensated())]
    ),
    "steps after the pivot": around_pivot(after=[command("a"), command("b", dependsOn=["pay"])]),
    "an approval before the pivot": around_pivot(before=[approval("review")]),
    "an approval with its dependant": {"steps": [approval("review"), command("a", **compensated())]},
    "two approvals in a row": {"steps": [approval("one"), approval("two"), command("a", **compensated())]},
    "a conditional step": around_pivot(
        before=[command("a", when=[{"input": "$(input.risk)", "operator": "In", "values": ["high"]}], **compensated())]
    ),
    "all settings": {
        "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "deadline": "720h",
        "defaults": {
            "timeout": "1m30s",
            "retryPolicy": {"initialInterval": "1.5s", "maxInterval": "30s", "maxAttempts": 3},
        },
        "compensationPolicy": {
            "order": "Sequential",
            "onFailure": "Continue",
            "retryPolicy": {"backoffCoefficient": 1.5},
        },
        "concurrency": {"maxRunning": 200},
        "steps": [
            command("pay", pivot=True, input={"deep": [{"any": "thing"}]}, retryPolicy={"nonRetryableErrors": ["No"]})
        ],
    },
    "the largest there may be": largest(),
}

ACROSS_STEPS = {
    "two pivots": (
        {"steps": [command("a", pivot=True), command("b", pivot=True)]},
        "steps a and b are both marked as the pivot",
    ),
    "before the pivot without a compensation": (
        around_pivot(before=[command("hold")]),
        "step hold stands before the pivot and has no compensation: give it one",
    ),
    "beside the pivot without a compensation": (
        {"steps": [command("hold", dependsOn=[]), command("pay", pivot=True, dependsOn=[])]},
        "step hold stands before the pivot and has no compensation",
    ),
    "without a compensation and without a pivot": (
        {"steps": [command("a", **compensated()), command("last")]},
        "step last can be followed by a failure and has no compensation",
    ),
    "after the pivot with a compensation": (
        around_pivot(after=[command("ship", **compensated())]),
        "step ship stands after the pivot, where recovery only goes forward: remove its compensation",
    ),
    "after the pivot with nothing to compensate": (
        around_pivot(after=[command("ship", compensation={"none": "why"})]),
        "step ship stands after the pivot",
    ),
    "after the pivot with maxAttempts": (
        around_pivot(after=[command("ship", retryPolicy={"maxAttempts": 3})]),
        "step ship stands after the pivot and is retried until it succeeds: remove its retryPolicy.maxAttempts",
    ),
    "an approval after the pivot": (
        around_pivot(after=[approval("review"), command("ship")]),
        "step review is an approval after the pivot",
    ),
    "an approval that guards nothing": (
        {"steps": [command("a", **compensated()), approval("review")]},
        "step review is an approval that no step waits for",
    ),
    "an approval that the next step does not wait for": (
        {"steps": [approval("review"), command("a", dependsOn=[], **compensated())]},
        "step review is an approval that no step waits for",
    ),
    "dependsOn itself": (
        around_pivot(before=[command("a", dependsOn=["a"], **compensated())]),
        "step a names itself in dependsOn: remove the name",
    ),
    "dependsOn a later step": (
        around_pivot(before=[command("a", dependsOn=["b"], **compensated()), command("b", **compensated())]),
        "step a depends on b, which is listed after it: list b first",
    ),
    "dependsOn a step beyond the pivot": (
        around_pivot(before=[command("a", dependsOn=["pay"], **compensated())]),
        "step a depends on pay, which is listed after it",
    ),
    "dependsOn an unknown step": (
        around_pivot(before=[command("a", dependsOn=["nowhere"], **compensated())]),
        "step a names nowhere in dependsOn, and there is no such step: correct the name",
    ),
}

OF_ONE_STEP = {
    "neither command nor approval": ({"name": "a"}, "step a must have either a command or an approval"),
    "both command and approval": (command("a", approval={}), "step a must have either a command or an approval"),
    "a command without participant": (
        {"name": "a", "command": "c"},
        "step a must have command and participant together",
    ),
    "a participant without command": (
        approval("a", participant="payments"),
        "step a must have command and participant together",
    ),
    "an approval with input": (approval("a", input={}), "step a is an approval: it takes no input"),
    "an approval with a compensation": (approval("a", **compensated()), "step a is an approval: it takes no input"),
    "an approval with a timeout": (approval("a", timeout="5s"), "step a is an approval: it takes no input"),
    "an approval with a retryPolicy": (approval("a", retryPolicy={}), "step a is an approval: it takes no input"),
    "an approval as the pivot": (approval("a", pivot=True), "step a is an approval and cannot be the pivot"),
    "a pivot with a compensation": (command("a", pivot=True, **compensated()), "step a is the pivot and cannot have a"),
    "an empty compensation": (command("a", compensation={}), "a compensation must have either a command or the reason"),
    "a compensation and none": (
        command("a", compensation={"command": "c", "none": "why"}),
        "a compensation must have either a command or the reason",
    ),
    "input for no compensation": (
        command("a", compensation={"none": "why", "input": {}}),
        "a compensation {none: why} sends nothing",
    ),
    "no reason for no compensation": (command("a", compensation={"none": ""}), "spec.steps[0].compensation.none"),
    "a condition that is no reference": (
        command("a", pivot=True, when=[{"input": "risk", "operator": "In", "values": ["x"]}]),
        "the input of a condition must be one reference, such as $(input.risk)",
    ),
    "a condition with another operator": (
        command("a", pivot=True, when=[{"input": "$(input.x)", "operator": "Gt", "values": ["1"]}]),
        'Unsupported value: "Gt"',
    ),
    "a condition without values": (
        command("a", pivot=True, when=[{"input": "$(input.x)", "operator": "In", "values": []}]),
        "spec.steps[0].when[0].values",
    ),
    "the same dependency twice": (
        command("a", dependsOn=["b", "b"]),
        'spec.steps[0].dependsOn[1]: Duplicate value: "b"',
    ),
    "nine dependencies": (command("a", dependsOn=[f"s{i}" for i in range(9)]), "spec.steps[0].dependsOn: Too many: 9"),
    "a name with capitals": (command("Pay", pivot=True), "spec.steps[0].name"),
    "a name that is too long": (command("a" * 41, pivot=True), "spec.steps[0].name: Too long"),
    "a command that AMQP would read as a pattern": (
        {"name": "a", "participant": "p", "command": "a.b", "pivot": True},
        "spec.steps[0].command",
    ),
    "a fractional number of attempts": (
        command("a", pivot=True, retryPolicy={"maxAttempts": 1.5}),
        "spec.steps[0].retryPolicy.maxAttempts",
    ),
    "no attempt at all": (command("a", pivot=True, retryPolicy={"maxAttempts": 0}), "greater than or equal to 1"),
    "a backoff that shrinks": (
        command("a", pivot=True, retryPolicy={"backoffCoefficient": 0.5}),
        "greater than or equal to 1",
    ),
    "an interval that begins beyond its end": (
        command("a", pivot=True, retryPolicy={"initialInterval": "2s", "maxInterval": "1s"}),
        "initialInterval must not be longer than maxInterval",
    ),
}

OUT_OF_RANGE = [
    ("deadline", {"deadline": "999ms"}, "must be between 1s and 720h"),
    ("deadline", {"deadline": "720h1s"}, "must be between 1s and 720h"),
    ("timeout", {"defaults": {"timeout": "9ms"}}, "must be between 10ms and 1h"),
    ("timeout", {"defaults": {"timeout": "61m"}}, "must be between 10ms and 1h"),
    ("initialInterval", {"defaults": {"retryPolicy": {"initialInterval": "0s"}}}, "must be between 1ms and 1h"),
    ("maxInterval", {"compensationPolicy": {"retryPolicy": {"maxInterval": "25h"}}}, "must be between 1ms and 24h"),
]


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD)
def test_a_good_definition_is_accepted(api, namespace, name, spec):
    verdict = api.create(namespace, "sagadefinitions", name, spec)
    assert verdict.accepted, verdict.message


@pytest.mark.parametrize("path", sorted(Path("manifests").glob("[ds]*/*.yaml")), ids=str)
def test_the_definitions_and_sagas_in_manifests_are_accepted(api, path):
    for manifest in yaml.safe_load_all(path.read_text()):
        plural = manifest["kind"].lower() + "s"
        verdict = api.call("POST", f"/apis/skald.dev/v1alpha1/namespaces/shop/{plural}?dryRun=All", manifest)
        assert verdict.accepted or verdict.status == 409, verdict.message


@pytest.mark.parametrize(("spec", "message"), ACROSS_STEPS.values(), ids=ACROSS_STEPS)
def test_a_rule_across_steps_is_kept(api, namespace, name, spec, message):
    verdict = api.create(namespace, "sagadefinitions", name, spec)
    assert verdict.status == 422
    assert message in verdict.message


@pytest.mark.parametrize(("step", "message"), OF_ONE_STEP.values(), ids=OF_ONE_STEP)
def test_a_rule_of_one_step_is_kept(api, namespace, name, step, message):
    verdict = api.create(namespace, "sagadefinitions", name, {"steps": [step]})
    assert verdict.status == 422
    assert message in verdict.message


@pytest.mark.parametrize(("field", "setting", "message"), OUT_OF_RANGE)
def test_a_duration_out_of_range_is_refused(api, namespace, name, field, setting, message):
    verdict = api.create(namespace, "sagadefinitions", name, around_pivot() | setting)
    assert verdict.status == 422
    assert field in verdict.message
    assert message in verdict.message


@pytest.mark.parametrize("text", ["5", "5 s", "-5s", "1d", "1w", "5us", "", "s", "1h 5m", "1e3s"])
def test_a_duration_that_is_none_is_refused(api, namespace, name, text):
    verdict = api.create(namespace, "sagadefinitions", name, around_pivot() | {"deadline": text})
    assert verdict.status == 422
    assert "spec.deadline" in verdict.message


def test_a_name_is_given_to_one_step_only(api, namespace, name):
    verdict = api.create(namespace, "sagadefinitions", name, {"steps": [command("a", **compensated())] * 2})
    assert verdict.status == 422
    assert 'spec.steps[1]: Duplicate value: {"name":"a"}' in verdict.message


def test_there_are_at_most_32_steps(api, namespace, name):
    steps = [command(f"s{i}", **compensated()) for i in range(33)]
    verdict = api.create(namespace, "sagadefinitions", name, {"steps": steps})
    assert verdict.status == 422
    assert "must have at most 32 items" in verdict.message


@pytest.mark.parametrize("spec", [{}, {"steps": []}, {"steps": None}, {"steps": "a"}, {"steps": [None]}])
def test_a_definition_without_steps_is_refused(api, namespace, name, spec):
    verdict = api.create(namespace, "sagadefinitions", name, spec)
    assert verdict.status == 422
    assert "spec.steps" in verdict.message


def test_an_unknown_field_is_refused_when_asked_to_be_strict(api, namespace, name):
    manifest = {
        "apiVersion": "skald.dev/v1alpha1",
        "kind": "SagaDefinition",
        "metadata": {"name": name},
        "spec": around_pivot() | {"dedline": "5m"},
    }
    path = f"/apis/skald.dev/v1alpha1/namespaces/{namespace}/sagadefinitions?fieldValidation=Strict"
    verdict = api.call("POST", path, manifest)
    assert verdict.status == 400
    assert 'unknown field "spec.dedline"' in verdict.message


def test_a_definition_is_immutable(api, namespace, name):
    spec = around_pivot(after=[command("ship")])
    assert api.create(namespace, "sagadefinitions", name, spec).accepted
    changed = copy.deepcopy(spec)
    changed["steps"][1]["command"] = "dispatch"
    verdict = api.patch(namespace, "sagadefinitions", name, {"spec": changed})
    assert verdict.status == 422
    assert "a SagaDefinition is immutable: apply the change under a new name, such as NAME-v2" in verdict.message


def test_a_stored_definition_is_what_was_applied_with_no_defaults(api, namespace, name):
    """Rule I1: another version's defaults must not change what a stored definition means."""
    spec = around_pivot()
    assert api.create(namespace, "sagadefinitions", name, spec).accepted
    assert api.get(namespace, "sagadefinitions", name).body["spec"] == spec
