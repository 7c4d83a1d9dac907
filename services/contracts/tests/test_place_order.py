"""manifests/definitions/place-order-v1.yaml sends to each participant what that participant's schema asks for."""

import re
from functools import cache

import pytest
import yaml
from jsonschema import Draft202012Validator
from skald.testing.contracts import CONTRACTS, command_errors, schemas

REFERENCE = re.compile(r"^\$\(([a-z]+)\.(.+)\)$")
INPUT = {
    "orderId": "7b0f3c52-6a5e-5b7b-9a2e-0c6f5a8d1e44",
    "userId": "demo",
    "lines": [{"sku": "harp", "quantity": 2}],
    "total": {"amount": 259_700, "currency": "EUR"},
    "paymentMethod": "pm_ok",
    "address": {"addressId": "default"},
}


@cache
def spec():
    path = CONTRACTS.parents[1] / "manifests" / "definitions" / "place-order-v1.yaml"
    return yaml.safe_load(path.read_text())["spec"]


def steps():
    return {step["name"]: step for step in spec()["steps"]}


def command_of(step):
    return f"{step['participant']}.{step['command']}"


def example_output(step):
    return schemas()[f"commands/{command_of(step)}.schema.json"]["$defs"]["output"]["examples"][0]


def resolve(template):
    facts = {"input": INPUT, "steps": {name: {"output": example_output(step)} for name, step in steps().items()}}

    def value_of(reference):
        node = facts
        for key in REFERENCE.match(reference).expand(r"\1.\2").split("."):
            node = node[key]
        return node

    return {field: value_of(reference) for field, reference in template.items()}


def test_the_definition_takes_the_input_that_orders_sends():
    assert list(Draft202012Validator(spec()["inputSchema"]).iter_errors(INPUT)) == []


@pytest.mark.parametrize("field", INPUT)
def test_the_definition_demands_every_field(field):
    partial = {name: value for name, value in INPUT.items() if name != field}
    assert not Draft202012Validator(spec()["inputSchema"]).is_valid(partial)


@pytest.mark.parametrize("name", steps())
def test_a_step_sends_what_its_participant_asks_for(name):
    step = steps()[name]
    assert command_errors(command_of(step), "input", resolve(step.get("input", {}))) == []


@pytest.mark.parametrize("name", [name for name, step in steps().items() if "command" in step.get("compensation", {})])
def test_a_compensation_sends_what_its_participant_asks_for(name):
    step = steps()[name]
    template = step["compensation"].get("input", step["input"])
    command = f"{step['participant']}.{step['compensation']['command']}"
    assert command_errors(command, "input", resolve(template)) == []


def test_every_command_with_a_schema_is_used_by_the_definition():
    used = {command_of(step) for step in steps().values()}
    used |= {
        f"{step['participant']}.{step['compensation']['command']}"
        for step in steps().values()
        if "compensation" in step
    }
    assert {f"commands/{command}.schema.json" for command in used} == {
        path for path in schemas() if path.startswith("commands/")
    }
