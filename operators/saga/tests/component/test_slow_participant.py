"""A participant slower than the operator's patience gets through its work: copies that had their time are gone."""

from __future__ import annotations

from typing import Any

import pytest

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import Shop, Yard, step

SAGAS = 120
STEPS = 3
EACH_SECOND = {"timeout": "1s", "retryPolicy": {"initialInterval": "1ms", "maxInterval": "1ms"}}


def test_i8_a_participant_far_slower_than_the_resends_gets_through_its_work(yard: Yard) -> None:
    """Three steps that each wait for four rounds of re-sends. Were all copies kept, they would pile up before each step
    by as much again as before the one ahead of it; here a command is met once, or twice when its answer takes long."""
    operator = yard.operator()
    operator.start()
    slow = yard.participant("inventory", pace=1 / 30)
    steps = (step(name, "inventory", pivot=name == "label") for name in ("reserve", "pack", "label"))
    yard.define("slow", *steps, defaults=EACH_SECOND)
    for number in range(SAGAS):
        yard.cluster.start(f"slow-{number}", "slow")
    commands = SAGAS * STEPS
    eventually("all is done", lambda: len(slow.order) == commands, seconds=90)
    eventually("all ended", lambda: operator.metric("skald_saga_active{") == 0)
    assert max(slow.effects.values()) == 1
    assert len(slow.seen) < 3 * commands
    with yard.channel() as channel:
        eventually("the queue is empty", lambda: depth(channel, "commands.inventory") == 0)
        assert depth(channel, "commands.inventory.dead") == 0


def depth(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


@pytest.mark.parametrize(("timeout", "milliseconds"), [("7s", 7000), ("10ms", 1000)])
def test_i8_a_command_lives_until_its_next_copy_but_never_shorter_than_a_second(
    shop: Shop, timeout: str, milliseconds: int
) -> None:
    patience = {"timeout": timeout, "retryPolicy": {"initialInterval": "1ms", "maxInterval": "1ms"}}
    shop.yard.define(f"patience-{timeout}", step("reserve", "inventory", pivot=True), defaults=patience)
    with shop.yard.channel() as channel:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "saga.commands", "inventory.reserve")
        shop.inventory.script["reserve"] = lambda _: None  # or the one copy may be gone before it is read
        shop.cluster.start(f"lives-{timeout}", f"patience-{timeout}")
        properties = eventually("the command", lambda: channel.basic_get(queue, auto_ack=True)[1])
    assert milliseconds <= int(properties.expiration) <= milliseconds + 2, "the wait and its rounding"
