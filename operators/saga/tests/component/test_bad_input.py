"""Whatever comes in, the operator lives, the saga has an outcome, and other sagas do not wait for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from skald_wire import encode_reply

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import publish
from operators.saga.tests.component.kit.yard import CHAIN, Shop
from operators.saga.tests.component.test_broker import changed, held, success

SCHEMA = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}


@pytest.fixture(autouse=True)
def others_go_on(shop: Shop) -> Iterator[None]:
    """After each of these tests the same process still runs sagas."""
    pid = shop.operator.pid
    yield
    shop.inventory.script.clear()
    bystander = f"bystander-{uuid.uuid4()}"
    shop.start(bystander)
    shop.cluster.wait(bystander, "Succeeded")
    assert shop.operator.pid == pid
    assert shop.operator.metric("skald_saga_faults_total") == 0


def test_an_output_that_is_too_large_is_dropped_and_what_refers_to_it_is_dead(shop: Shop) -> None:
    command = held(shop, "gross")
    reply = encode_reply(success(command), reply_to=command.reply_to, user_id="inventory")
    with shop.yard.channel("inventory") as channel:
        publish(channel, changed(reply, body=b'{"did": "' + b"x" * 17_000 + b'"}'))
    saga = shop.cluster.wait("gross", "Compensated")
    assert saga["status"]["failure"]["step"] == "charge"
    assert "output" not in saga["status"]["steps"]["reserve"]
    assert shop.payments.commands("gross") == []


def test_an_output_that_is_no_object_is_no_answer(shop: Shop) -> None:
    command = held(shop, "odd")
    reply = encode_reply(success(command), reply_to=command.reply_to, user_id="inventory")
    before = shop.operator.metric('skald_saga_replies_total{type="malformed"}')
    with shop.yard.channel("inventory") as channel:
        publish(channel, changed(reply, body=b"[1, 2]"))
    eventually("dropped", lambda: shop.operator.metric('skald_saga_replies_total{type="malformed"}') > before)
    shop.inventory.script.clear()
    shop.cluster.wait("odd", "Succeeded")


def test_a_reply_of_the_participant_of_another_step_does_not_count(shop: Shop) -> None:
    command = held(shop, "usurped")
    forged = replace(success(command), step="charge")
    before = shop.operator.metric('skald_saga_replies_total{type="foreign"}')
    with shop.yard.channel("inventory") as channel:
        publish(channel, encode_reply(forged, reply_to=command.reply_to, user_id="inventory"))
    eventually("dropped", lambda: shop.operator.metric('skald_saga_replies_total{type="foreign"}') > before)
    shop.inventory.script.clear()
    shop.cluster.wait("usurped", "Succeeded")


@pytest.mark.parametrize("size", [70_000, 300_000], ids=["over-64-KiB", "over-256-KiB"])
def test_an_input_that_is_too_large_ends_the_saga_before_its_first_command(shop: Shop, size: int) -> None:
    name = f"heavy-{size}"
    shop.cluster.start(name, "chain", input={"order": "x" * size})
    saga = shop.cluster.wait(name, "Compensated")
    assert "pass references instead" in saga["status"]["failure"]["message"]
    assert all(participant.commands(name) == [] for participant in shop.participants)


@pytest.mark.parametrize("levels", [201, 600, 1_200, 9_900])
def test_an_input_that_is_nested_too_deep_ends_the_saga_before_its_first_command(shop: Shop, levels: int) -> None:
    """The API server takes nearly ten thousand levels, and Python's decoders some thousand or fewer."""
    name = f"deep-{levels}"
    shop.cluster.start_nested(name, "chain", levels)
    saga = shop.cluster.wait(name, "Compensated")
    assert "nested deeper than 200 levels; pass references instead" in saga["status"]["failure"]["message"]
    assert all(participant.commands(name) == [] for participant in shop.participants)


def test_an_input_that_breaks_its_schema_ends_the_saga_before_its_first_command(shop: Shop) -> None:
    shop.yard.define("strict", *CHAIN, inputSchema=SCHEMA)
    shop.cluster.start("unfit", "strict", input={"order": 4711})
    saga = shop.cluster.wait("unfit", "Compensated")
    assert saga["status"]["failure"]["code"]
    assert all(participant.commands("unfit") == [] for participant in shop.participants)


@pytest.mark.parametrize(
    "edit",
    [
        {"startTime": "yesterday", "progress": "lots", "definitionHash": None},
        {"steps": {"nobody": {"state": "Succeeded"}}, "attempts": -7},
        {"conditions": [{"type": "Stalled", "status": "True", "reason": "Whim", "lastTransitionTime": "now"}]},
        {"phase": "Waiting", "currentSteps": "ship", "reason": "Whim"},
    ],
    ids=["times", "steps", "conditions", "phase"],
)
def test_a_status_edited_by_hand_is_written_over_by_what_is_known(
    shop: Shop, edit: dict[str, object], request: pytest.FixtureRequest
) -> None:
    name = f"edited-{request.node.callspec.id}"
    held(shop, name)
    shop.cluster.patch(shop.cluster.path("sagas", name) + "/status", {"status": edit})
    shop.inventory.script.clear()
    saga = shop.cluster.wait(name, "Succeeded")
    assert saga["status"]["progress"] == "3/3"
    assert shop.cluster.stalled(name) is None


def test_a_saga_that_somebody_declared_over_is_let_go(shop: Shop) -> None:
    held(shop, "declared")
    shop.cluster.patch(shop.cluster.path("sagas", "declared") + "/status", {"status": {"phase": "Aborted"}})
    eventually("let go", lambda: shop.operator.metric("skald_saga_active{") == 0)
