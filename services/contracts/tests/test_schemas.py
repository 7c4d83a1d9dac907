"""The schemas are what other teams read first: they must be sound, and their examples must be true."""

import copy

import pytest
from jsonschema import Draft202012Validator
from skald.testing.contracts import command_errors, event_errors, schemas

COMMANDS = sorted(path for path in schemas() if path.startswith("commands/"))
EVENTS = sorted(path for path in schemas() if path.startswith("events/"))


def name_of(path):
    return path.split("/")[1].removesuffix(".schema.json")


@pytest.mark.parametrize("path", schemas())
def test_a_schema_is_valid_and_found_under_its_name(path):
    document = schemas()[path]
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"https://skald.dev/contracts/{path}"
    if path != "common.schema.json":
        assert document["title"] == name_of(path)
        assert document["description"].endswith(".")


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("path", COMMANDS)
def test_a_commands_examples_keep_its_contract(path, side):
    examples = schemas()[path]["$defs"][side]["examples"]
    assert examples
    for example in examples:
        assert command_errors(name_of(path), side, example) == []


@pytest.mark.parametrize("path", EVENTS)
def test_an_events_examples_keep_its_contract(path):
    examples = schemas()[path]["examples"]
    assert examples
    for example in examples:
        assert event_errors(example) == []


@pytest.mark.parametrize("path", EVENTS)
def test_an_event_without_one_of_its_data_is_refused(path):
    example = schemas()[path]["examples"][0]
    for name in example["data"]:
        broken = copy.deepcopy(example)
        del broken["data"][name]
        assert event_errors(broken) == [f"$.data: {name!r} is a required property"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"orderId": "4711"}, "$.orderId: '4711' is not a 'uuid'"),
        ({"lines": []}, "$.lines: [] should be non-empty"),
        ({"lines": [{"sku": "harp", "quantity": 0}]}, "$.lines[0].quantity: 0 is less than the minimum of 1"),
        ({"lines": [{"sku": "harp", "quantity": 1.5}]}, "$.lines[0].quantity: 1.5 is not of type 'integer'"),
        ({"lines": [{"sku": "Harp", "quantity": 1}]}, "$.lines[0].sku: 'Harp' does not match"),
        ({"colour": "blue"}, "$: Additional properties are not allowed ('colour' was unexpected)"),
    ],
)
def test_an_input_that_breaks_the_contract_is_named(change, complaint):
    example = schemas()["commands/inventory.reserve.schema.json"]["$defs"]["input"]["examples"][0]
    (found,) = command_errors("inventory.reserve", "input", {**example, **change})
    assert found.startswith(complaint)


def test_no_amount_is_a_float_and_none_is_free():
    example = schemas()["commands/payments.authorize.schema.json"]["$defs"]["input"]["examples"][0]
    for amount in (0, -1, 12.5, "12"):
        assert command_errors(
            "payments.authorize", "input", {**example, "amount": {"amount": amount, "currency": "EUR"}}
        )
