"""Terminal sagas are deleted after their time; what they did is remembered where it was done."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Decline
from operators.saga.tests.component.kit.yard import CHAIN, Yard


def gone(yard: Yard, saga: str) -> bool:
    return not yard.cluster.exists(yard.cluster.path("sagas", saga))


LONG_ENOUGH_TO_BE_SEEN = 5
"""Seconds."""
LONG_ENOUGH_TO_STOP = 10
"""Seconds in which an operator ends, and deletes nothing that has its time still before it."""


def named(channel: Any, queue: str) -> Iterator[str]:
    """The sagas of the finished notices in a queue."""
    while body := channel.basic_get(queue, auto_ack=True)[2]:
        yield json.loads(body)["data"]["name"]


def test_a_saga_is_deleted_after_its_time_and_applied_again_it_repeats_nothing(yard: Yard) -> None:
    operator = yard.operator()
    operator.start()
    *_, shipping = participants = yard.serve_chain()
    shipping.script["ship"] = lambda command: (
        Decline("NoCarrier") if command.address.saga.endswith("declined") else {"did": "ship"}
    )
    yard.define("chain", *CHAIN)
    verdicts = {"served": "Succeeded", "declined": "Compensated"}
    with yard.channel() as channel:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "events", "dev.skald.saga.finished")
        for saga, phase in verdicts.items():
            yard.cluster.start(saga, "chain", input={"order": saga}, ttlSecondsAfterFinished=LONG_ENOUGH_TO_BE_SEEN)
            yard.cluster.wait(saga, phase)
        effects = [dict(participant.effects) for participant in participants]
        for saga in verdicts:
            eventually(f"{saga} deleted", lambda saga=saga: gone(yard, saga), seconds=60)
        told = set(named(channel, queue))
    assert told == set(verdicts), "the world was told before they went"
    eventually("counted", lambda: operator.metric("skald_saga_reaped_total") == len(verdicts))
    for saga, phase in verdicts.items():
        yard.cluster.start(saga, "chain", input={"order": saga})
        yard.cluster.wait(saga, phase)
    assert [dict(participant.effects) for participant in participants] == effects
    assert not any(gone(yard, saga) for saga in verdicts), "without a time it stays"


@pytest.mark.timeout(240)
def test_a_saga_whose_time_came_while_no_operator_ran_is_deleted_by_the_next_and_the_world_is_told_again(
    yard: Yard,
) -> None:
    operator = yard.operator()
    operator.start()
    yard.serve_chain()
    yard.define("chain", *CHAIN)
    yard.cluster.start("served", "chain", input={"order": "served"}, ttlSecondsAfterFinished=LONG_ENOUGH_TO_STOP)
    yard.cluster.wait("served", "Succeeded")
    ended = time.monotonic()
    operator.stop()
    time.sleep(max(ended + LONG_ENOUGH_TO_STOP - time.monotonic(), 0))
    with yard.channel() as channel:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, "events", "dev.skald.saga.finished")
        yard.operator().start()
        eventually("deleted", lambda: gone(yard, "served"), seconds=120)
        assert set(named(channel, queue)) == {"served"}
