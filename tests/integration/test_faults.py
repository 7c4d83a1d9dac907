"""What happens when parts die at the worst moment: nothing is lost, nothing is done twice."""

from __future__ import annotations

import signal

import pytest

from tests.integration.broker import Permissions, Tap, duplicator
from tests.integration.shop import eventually

COMMANDS = [
    "inventory.reserve",
    "payments.authorize",
    "payments.capture",
    "inventory.commit",
    "shipping.dispatch",
]


def succeeded(shop, books, order, seconds=120):
    saga = shop.finished(order, seconds)
    assert saga["status"]["phase"] == "Succeeded", saga["status"]
    assert shop.verdict(order)["status"] == "Confirmed"
    assert [entry["state"] for entry in books.entries(order)] == ["Captured"]


def test_a_participant_that_is_down_is_waited_for(platform, shop, books, tap):
    platform.stop("shipping-worker")
    try:
        order = shop.order("lute")
        eventually("the order to reach shipping", lambda: "shipping.dispatch" in tap.types(order))
        assert shop.phase(order) not in ("Succeeded", "Compensated")
    finally:
        platform.start("shipping-worker")
    succeeded(shop, books, order)


def test_a_participant_that_hangs_past_its_timeout_is_asked_again(platform, shop, books, tap):
    platform.kill("payments-worker", signal.SIGSTOP)
    try:
        order = shop.order("lute")
        eventually(
            "a second attempt of the payment", lambda: tap.types(order).count("payments.authorize") >= 2, seconds=30
        )
    finally:
        platform.kill("payments-worker", signal.SIGCONT)
    succeeded(shop, books, order)


def test_R2_every_message_delivered_twice_changes_nothing(platform, shop, books):
    with duplicator(platform):
        good, bad = shop.order("lute", 2), shop.order("lute", 1, "pm_declined")
        succeeded(shop, books, good)
        assert shop.finished(bad)["status"]["phase"] == "Compensated"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("moment", ["command", "reply"])
def test_S1_the_operator_killed_at_a_step_boundary_loses_nothing(platform, shop, books, command, moment):
    killed = []

    def kill(_tap, method, properties, _body):
        """At the first sight of the command, or of the next reply after it."""
        if killed or not wanted(method, properties):
            return
        killed.append(platform.kill("saga-operator", signal.SIGKILL))

    def wanted(method, properties):
        if properties.type == command:
            seen.append(properties.message_id)
        if moment == "command":
            return properties.type == command
        return method.exchange == "saga.replies" and properties.correlation_id in seen

    seen: list[str] = []
    with Tap(platform, on_message=kill):
        order = shop.order("lute")
        succeeded(shop, books, order)
    assert killed, f"the operator was to be killed at the {moment} of {command}"


def test_S1_the_operator_killed_while_it_compensates_finishes_the_compensation(platform, shop, books):
    killed = []

    def kill(_tap, _method, properties, _body):
        if not killed and properties.type == "inventory.release":
            killed.append(platform.kill("saga-operator", signal.SIGKILL))

    with Tap(platform, on_message=kill):
        order = shop.order("harp", 1, "pm_declined")
        assert shop.finished(order, 120)["status"]["phase"] == "Compensated"


@pytest.mark.parametrize("worker", ["inventory", "payments", "shipping"])
def test_S4_a_worker_killed_after_its_effect_and_before_its_reply_does_it_once(platform, shop, books, tap, worker):
    command = {"inventory": "inventory.reserve", "payments": "payments.authorize", "shipping": "shipping.dispatch"}
    with Permissions(platform, worker):
        order = shop.order("lute")
        eventually(f"{command[worker]} to be sent", lambda: command[worker] in tap.types(order))
        eventually(f"the effect of {command[worker]}", lambda: "executed" in books.outcomes(worker, order))
        platform.kill(f"{worker}-worker", signal.SIGKILL)
    succeeded(shop, books, order)


def test_the_broker_killed_and_started_again_loses_nothing(platform, shop, books):
    orders = [shop.order("lute") for _ in range(5)]
    platform.kill("rabbitmq", signal.SIGKILL)
    orders += [shop.order("lute") for _ in range(5)]
    for order in orders:
        succeeded(shop, books, order, 180)


def test_the_brokers_data_wiped_loses_no_order(platform, shop, books, tap):
    platform.stop("shipping-worker")
    try:
        orders = [shop.order("lute") for _ in range(3)]
        for order in orders:
            eventually("the order to wait for shipping", lambda o=order: "shipping.dispatch" in tap.types(o))
        platform.wipe_broker()
    finally:
        platform.start("shipping-worker")
    for order in orders:
        succeeded(shop, books, order, 180)


def test_the_database_gone_for_a_while_loses_nothing(platform, shop, books):
    order = shop.order("lute")
    platform.kill("ferretdb", signal.SIGKILL)
    succeeded(shop, books, order, 180)
    succeeded(shop, books, shop.order("lute"))
