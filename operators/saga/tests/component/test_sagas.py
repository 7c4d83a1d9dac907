"""Whole sagas: the operator's process, a real API server, a real broker, participants that only keep the contract."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Decline
from operators.saga.tests.component.kit.yard import Yard, step


def test_a_fast_chain_takes_two_etcd_writes(shop: Yard) -> None:
    created = shop.cluster.start("order-1", "chain", input={"order": "4711"})
    saga = shop.cluster.wait("order-1", "Succeeded")
    assert shop.cluster.writes(created) == 2
    assert saga["status"]["progress"] == "3/3"
    assert saga["status"]["steps"]["charge"]["output"] == {"did": "charge"}
    assert shop.cluster.condition("sagas", "order-1", "Succeeded")["status"] == "True"


def test_outputs_travel_to_the_steps_that_reference_them(shop: Yard) -> None:
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    shop.cluster.wait("order-1", "Succeeded")
    assert [message.input for message in shop.inventory.seen] == [{"order": "4711"}]
    assert [message.input for message in shop.payments.seen] == [{"stock": "reserve"}]


def test_a_declined_last_step_takes_three_etcd_writes_and_undoes_in_reverse_order(shop: Yard) -> None:
    shop.shipping.script["ship"] = lambda _: Decline("NoCarrier")
    created = shop.cluster.start("order-1", "chain", input={"order": "4711"})
    saga = shop.cluster.wait("order-1", "Compensated")
    assert shop.cluster.writes(created) == 3
    assert saga["status"]["direction"] == "Backward"
    assert saga["status"]["failure"]["code"] == "NoCarrier"
    assert shop.payments.commands(f"{shop.namespace}/order-1") == ["charge", "undo-charge"]
    assert shop.inventory.commands(f"{shop.namespace}/order-1") == ["reserve", "undo-reserve"]
    assert [event["reason"] for event in shop.cluster.events("order-1")]


def test_nothing_but_the_status_is_written_to_a_saga(shop: Yard) -> None:
    created = shop.cluster.start("order-1", "chain", input={"order": "4711"})
    saga = shop.cluster.wait("order-1", "Succeeded")
    for field in ("annotations", "finalizers", "labels", "generation"):
        assert saga["metadata"].get(field) == created["metadata"].get(field)


def test_parallel_steps_run_at_once_and_the_join_waits_for_both(shop: Yard) -> None:
    shop.define(
        "fork",
        step("left", "inventory"),
        step("right", "payments", dependsOn=[]),
        step("join", "shipping", dependsOn=["left", "right"], pivot=True),
    )
    created = shop.cluster.start("order-1", "fork")
    shop.cluster.wait("order-1", "Succeeded")
    assert shop.cluster.writes(created) == 2
    ran = [command.input for command in shop.shipping.seen]
    assert ran == [{}]


def test_two_hundred_sagas_at_once_all_succeed_and_do_each_effect_once(shop: Yard) -> None:
    names = [f"order-{number}" for number in range(200)]
    for name in names:
        shop.cluster.start(name, "chain", input={"order": name})
    for name in names:
        shop.cluster.wait(name, "Succeeded", seconds=60)
    for participant in (shop.inventory, shop.payments, shop.shipping):
        assert len(participant.effects) == 200
        assert set(participant.effects.values()) == {1}


def test_a_finished_saga_leaves_the_operators_memory(shop: Yard) -> None:
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    shop.cluster.wait("order-1", "Succeeded")
    eventually("no live saga", lambda: shop.main.metric("skald_saga_active{") == 0)
