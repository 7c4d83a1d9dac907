"""The broker side: messages that find nobody, answers that must not count, a connection that ends."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import requests

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Participant, publish
from operators.saga.tests.component.kit.yard import CHAIN, Yard, step
from skald_wire import Command, Envelope, Reply, ReplyType, encode_reply


def a_command(participant: Participant) -> Command:
    """The first command that came."""
    seen = eventually(f"a command for {participant.name}", lambda: participant.seen)
    assert isinstance(seen[0], Command)
    return seen[0]


def success(command: Command) -> Reply:
    address = command.address
    return Reply(
        command_id=address.command_id,
        type=ReplyType.SUCCEEDED,
        body={"did": "forged"},
        saga=address.saga,
        step=address.step,
        direction=address.direction,
        fingerprint=address.fingerprint,
        attempt=command.attempt,
        message_id=str(uuid.uuid4()),
    )


def test_i8_a_participant_that_nobody_serves_stalls_the_saga_until_it_appears(yard: Yard) -> None:
    operator = yard.operator()
    operator.start()
    with yard.channel() as channel:
        channel.queue_unbind("commands.inventory", "saga.commands", "inventory.*")
        yard.define("one", step("reserve", "inventory"))
        yard.cluster.start("order-1", "one")
        eventually("stalled", lambda: yard.cluster.stalled("order-1") == "Unroutable")
        assert yard.cluster.saga("order-1")["status"].get("direction") != "Backward"
        channel.queue_bind("commands.inventory", "saga.commands", "inventory.*")
    yard.participant("inventory")
    yard.cluster.wait("order-1", "Succeeded")
    assert yard.cluster.stalled("order-1") is None


@pytest.mark.parametrize("forger", ["payments", "admin"])
def test_a_reply_from_another_broker_user_is_dropped(shop: Yard, forger: str) -> None:
    shop.inventory.script["reserve"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    command = a_command(shop.inventory)
    with shop.channel(forger) as channel:
        publish(channel, encode_reply(success(command), reply_to=command.reply_to, user_id=forger))
        publish(channel, encode_reply(success(command), reply_to=command.reply_to))
    eventually("both dropped", lambda: shop.main.metric('skald_saga_replies_total{type="foreign"}') == 2)
    assert shop.cluster.phase("order-1") in ("Pending", "Running")
    shop.inventory.script.clear()
    saga = shop.cluster.wait("order-1", "Succeeded")
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def test_malformed_replies_and_replies_to_unknown_sagas_change_nothing(shop: Yard) -> None:
    shop.inventory.script["reserve"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    command = a_command(shop.inventory)
    sound = encode_reply(success(command), reply_to=command.reply_to, user_id="inventory")
    with shop.channel("inventory") as channel:
        publish(channel, changed(sound, body=b"no json"))
        publish(channel, changed(sound, type="Perhaps"))
        publish(channel, changed(sound, headers={}))
        publish(channel, changed(sound, headers={**sound.headers, "saga": f"{shop.namespace}/nobody"}))
        publish(channel, changed(sound, headers={**sound.headers, "fingerprint": "00" * 32}))
    eventually("three dropped", lambda: shop.main.metric('skald_saga_replies_total{type="malformed"}') == 3)
    shop.inventory.script.clear()
    saga = shop.cluster.wait("order-1", "Succeeded")
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def changed(envelope: Envelope, **changes: Any) -> Envelope:
    fields = {name: getattr(envelope, name) for name in Envelope.__slots__}
    return Envelope(**{**fields, **changes})


def test_a_lost_connection_comes_back_with_a_new_reply_queue_and_nothing_is_lost(shop: Yard) -> None:
    held: list[str] = []

    def hold_the_first(command: Command) -> dict[str, str] | None:
        held.append(command.reply_to)
        return None if len(held) == 1 else {"did": "reserve"}

    shop.inventory.script["reserve"] = hold_the_first
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("sent", lambda: held)
    close_connections(shop, "saga-operator")
    shop.cluster.wait("order-1", "Succeeded")
    assert held[0] != held[-1]


def close_connections(yard: Yard, user: str) -> None:
    """As an administrator's button does; the management plugin knows a connection only after a moment."""
    url, admin, password = yard.parts.broker_management
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (admin, password)
        path = f"{url}/api/vhosts/{yard.vhost}/connections"

        def theirs() -> list[str]:
            return [each["name"] for each in session.get(path, timeout=5).json() if each.get("user") == user]

        for name in eventually(f"a connection of {user}", theirs):
            session.delete(f"{url}/api/connections/{requests.utils.quote(name, safe='')}", timeout=5)


def test_a_finished_saga_is_told_to_the_world_as_a_cloud_event(shop: Yard) -> None:
    with shop.channel() as channel:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "events", "dev.skald.saga.finished")
        created = shop.cluster.start("order-1", "chain", input={"order": "4711"})
        body = eventually("the event", lambda: channel.basic_get(queue, auto_ack=True)[2])
    event = json.loads(body)
    uid = created["metadata"]["uid"]
    assert event["id"] == str(uuid.uuid5(uuid.UUID(uid), "Succeeded"))
    assert event["data"] == {"namespace": shop.namespace, "name": "order-1", "uid": uid, "phase": "Succeeded"}


def test_sagas_created_while_the_broker_is_away_run_when_it_is_back(yard: Yard) -> None:
    gate = yard.gate(yard.parts.port("rabbitmq"))
    away = yard.parts.amqp_url("saga-operator", vhost=yard.vhost).replace(str(yard.parts.port("rabbitmq")), str(gate.port))
    operator = yard.operator(SKALD_AMQP_URL=away)
    operator.start()
    for name in ("inventory", "payments", "shipping"):
        yard.participant(name)
    yard.define("chain", *CHAIN)
    gate.shut()
    eventually("not ready", lambda: operator.get("/readyz").status_code == 503)
    created = yard.cluster.start("order-1", "chain", input={"order": "4711"})
    gate.open()
    yard.cluster.wait("order-1", "Succeeded")
    assert yard.cluster.writes(created) == 2
