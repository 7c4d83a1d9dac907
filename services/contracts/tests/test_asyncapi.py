"""One AsyncAPI file lists all messages. It must say what the folders, the wire package and the headers say."""

from functools import cache

import pytest
import yaml
from skald.testing.contracts import CONTRACTS, schemas
from skald_wire import CANCEL, Cancel, Command, Direction, OnFailure, Reply, ReplyType, encode, encode_reply
from skald_wire.messages import Address
from skald_wire.names import COMMANDS_EXCHANGE, EVENTS_EXCHANGE, REPLIES_EXCHANGE, SAGA_FINISHED


@cache
def document():
    return yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())


def names_in(folder):
    return {path.split("/")[1].removesuffix(".schema.json") for path in schemas() if path.startswith(f"{folder}/")}


def resolve(reference):
    file, _, pointer = reference.partition("#")
    node = schemas()[file.removeprefix("./")] if file else document()
    for key in pointer.removeprefix("/").split("/") if pointer else ():
        node = node[key]
    return node


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for item in node.values():
            yield from references(item)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_every_reference_leads_somewhere():
    for reference in set(references(document())):
        assert resolve(reference) is not None, reference


def test_every_command_and_event_has_its_channel_and_operation():
    expected = names_in("commands") | names_in("events")
    assert set(document()["channels"]) == expected | {"replies"}
    assert set(document()["operations"]) == expected


@pytest.mark.parametrize("name", sorted(names_in("commands") | names_in("events")))
def test_the_address_of_a_channel_is_its_routing_key(name):
    assert document()["channels"][name]["address"] == name


@pytest.mark.parametrize("name", sorted(names_in("commands")))
def test_a_command_reads_its_own_schema(name):
    message = resolve(document()["channels"][name]["messages"]["command"]["$ref"])
    assert message["payload"]["$ref"] == f"./commands/{name}.schema.json#/$defs/input"
    assert message["x-output"]["$ref"] == f"./commands/{name}.schema.json#/$defs/output"
    assert "cancel" in document()["channels"][name]["messages"]


@pytest.mark.parametrize("name", sorted(names_in("events")))
def test_an_event_reads_its_own_schema(name):
    message = resolve(document()["channels"][name]["messages"]["event"]["$ref"])
    assert message["payload"]["$ref"] == f"./events/{name}.schema.json"


def test_the_exchanges_are_those_of_the_wire_package():
    bindings = document()["components"]["channelBindings"]
    exchanges = {name: binding["amqp"]["exchange"]["name"] for name, binding in bindings.items()}
    assert exchanges == {"commands": COMMANDS_EXCHANGE, "replies": REPLIES_EXCHANGE, "events": EVENTS_EXCHANGE}
    assert SAGA_FINISHED in document()["channels"]


ADDRESS = Address(
    command_id="1",
    saga_key="shop/order-1",
    saga="shop/order-1",
    step="reserve-stock",
    participant="inventory",
    command="reserve",
    direction=Direction.BACKWARD,
    fingerprint="f",
    action_id="2",
)


def test_the_headers_of_commands_and_cancels_are_those_that_are_sent():
    command = Command(ADDRESS, {}, 1, OnFailure.RETRY, "2025-11-22T12:00:00Z", "q", "2025-11-22T13:00:00Z", "00-1-2-01")
    schema = document()["components"]["schemas"]["commandHeaders"]
    assert set(encode(command).headers) == set(schema["properties"])
    cancel = encode(Cancel(ADDRESS, 1, "2025-11-22T12:00:00Z", "q"))
    assert set(schema["required"]) <= set(cancel.headers) <= set(schema["properties"])
    assert cancel.type == CANCEL == document()["components"]["messages"]["cancel"]["name"]


def test_the_headers_of_replies_are_those_that_are_sent():
    reply = Reply("1", ReplyType.FAILED, {}, "shop/order-1", "reserve-stock", Direction.FORWARD, "f", 1)
    schema = document()["components"]["schemas"]["replyHeaders"]
    assert set(encode_reply(reply, reply_to="q").headers) == set(schema["properties"])
    messages = document()["channels"]["replies"]["messages"].values()
    assert {resolve(message["$ref"])["name"] for message in messages} == set(ReplyType)
