"""The broker side: messages that find nobody, answers that must not count, a connection that ends."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import requests
from skald_wire import Command, Envelope, Reply, ReplyType, encode_reply

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import publish
from operators.saga.tests.component.kit.yard import Shop, Yard


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


def held(shop: Shop, saga: str) -> Command:
    """The first command of a saga that is started now, and that nobody answers."""
    shop.inventory.script["reserve"] = lambda _: None
    shop.start(saga)
    [command, *_] = eventually("sent", lambda: shop.inventory.messages(saga))
    assert isinstance(command, Command)
    return command


def dropped(shop: Shop, why: str) -> float:
    """How many replies were dropped for a reason."""
    return shop.operator.metric(f'skald_saga_replies_total{{type="{why}"}}')


def test_i8_a_participant_that_nobody_serves_stalls_the_saga_until_it_appears(shop: Shop) -> None:
    with shop.yard.channel() as channel:
        channel.queue_unbind("commands.inventory", "saga.commands", "inventory.*")
        try:
            shop.start("unroutable")
            eventually("stalled", lambda: shop.cluster.stalled("unroutable") == "Unroutable")
            assert shop.cluster.saga("unroutable")["status"].get("direction") != "Backward"
        finally:
            channel.queue_bind("commands.inventory", "saga.commands", "inventory.*")
    shop.cluster.wait("unroutable", "Succeeded")
    assert shop.cluster.stalled("unroutable") is None


@pytest.mark.parametrize("forger", ["payments", "admin"])
def test_a_reply_from_another_broker_user_is_dropped(shop: Shop, forger: str) -> None:
    command = held(shop, f"forged-by-{forger}")
    before = dropped(shop, "foreign")
    with shop.yard.channel(forger) as channel:
        publish(channel, encode_reply(success(command), reply_to=command.reply_to, user_id=forger))
        publish(channel, encode_reply(success(command), reply_to=command.reply_to))
    eventually("both dropped", lambda: dropped(shop, "foreign") == before + 2)
    shop.inventory.script.clear()
    saga = shop.cluster.wait(f"forged-by-{forger}", "Succeeded")
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def test_malformed_replies_and_replies_to_unknown_sagas_change_nothing(shop: Shop) -> None:
    command = held(shop, "babble")
    before = dropped(shop, "malformed")
    sound = encode_reply(success(command), reply_to=command.reply_to, user_id="inventory")
    with shop.yard.channel("inventory") as channel:
        publish(channel, changed(sound, headers={**sound.headers, "saga": f"{shop.yard.namespace}/nobody"}))
        publish(channel, changed(sound, headers={**sound.headers, "fingerprint": "00" * 32}))
        publish(channel, changed(sound, body=b"no json"))
        publish(channel, changed(sound, type="Perhaps"))
        publish(channel, changed(sound, headers={}))
    eventually("three dropped", lambda: dropped(shop, "malformed") == before + 3)
    shop.inventory.script.clear()
    saga = shop.cluster.wait("babble", "Succeeded")
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def changed(envelope: Envelope, **changes: Any) -> Envelope:
    fields = {name: getattr(envelope, name) for name in Envelope.__slots__}
    return Envelope(**{**fields, **changes})


def test_a_lost_connection_comes_back_with_a_new_reply_queue_and_nothing_is_lost(shop: Shop) -> None:
    command = held(shop, "cut-off")
    close_connections(shop.yard, "saga-operator")
    shop.inventory.script.clear()
    shop.cluster.wait("cut-off", "Succeeded")
    assert command.reply_to != shop.inventory.messages("cut-off")[-1].reply_to


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


def test_a_finished_saga_is_told_to_the_world_as_a_cloud_event(shop: Shop) -> None:
    with shop.yard.channel() as channel:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "events", "dev.skald.saga.finished")
        created = shop.start("told")
        body = eventually("the event", lambda: channel.basic_get(queue, auto_ack=True)[2])
    event = json.loads(body)
    uid = created["metadata"]["uid"]
    assert event["id"] == str(uuid.uuid5(uuid.UUID(uid), "Succeeded"))
    assert event["data"] == {"namespace": shop.yard.namespace, "name": "told", "uid": uid, "phase": "Succeeded"}
