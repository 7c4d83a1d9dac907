"""Whole sagas: the operator's process, a real API server, a real broker, participants that only keep the contract."""

from __future__ import annotations

from skald_wire import Command

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Act, Decline
from operators.saga.tests.component.kit.yard import CHAIN, Shop, step


def test_a_fast_chain_takes_two_etcd_writes(unhurried_shop: Shop) -> None:
    created = unhurried_shop.start("fast")
    saga = unhurried_shop.cluster.wait("fast", "Succeeded")
    assert unhurried_shop.cluster.writes(created) == 2
    assert saga["status"]["progress"] == "3/3"
    assert saga["status"]["direction"] == "Forward"
    assert saga["status"]["steps"]["charge"]["output"] == {"did": "charge"}
    assert unhurried_shop.cluster.condition("sagas", "fast", "Succeeded")["status"] == "True"


def test_a_chain_whose_steps_outlast_the_checkpoint_is_written_after_each_reply(shop: Shop) -> None:
    def once_recorded(step: str) -> Act:
        def act(command: Command) -> dict[str, str]:
            eventually(f"{step} recorded", lambda: shop.cluster.step("slow", step).get("state") == "Succeeded")
            return {"did": command.address.command}

        return act

    shop.yard.define("patient", *CHAIN, defaults={"timeout": "60s", "retryPolicy": {"maxAttempts": 1}})
    shop.payments.script["charge"] = once_recorded("reserve")
    shop.shipping.script["ship"] = once_recorded("charge")
    created = shop.cluster.start("slow", "patient", input={"order": "4711"})
    shop.cluster.wait("slow", "Succeeded")
    assert shop.cluster.writes(created) == 4


def test_outputs_travel_to_the_steps_that_reference_them(shop: Shop) -> None:
    shop.start("references")
    shop.cluster.wait("references", "Succeeded")
    assert shop.inventory.inputs("references") == [{"order": "references"}]
    assert shop.payments.inputs("references") == [{"stock": "reserve"}]


def test_a_declined_last_step_takes_three_etcd_writes_and_undoes_in_reverse_order(unhurried_shop: Shop) -> None:
    unhurried_shop.shipping.script["ship"] = lambda _: Decline("NoCarrier")
    created = unhurried_shop.start("declined")
    saga = unhurried_shop.cluster.wait("declined", "Compensated")
    assert unhurried_shop.cluster.writes(created) == 3
    assert saga["status"]["direction"] == "Backward"
    assert saga["status"]["failure"]["code"] == "NoCarrier"
    assert unhurried_shop.payments.commands("declined") == ["charge", "undo-charge"]
    assert unhurried_shop.inventory.commands("declined") == ["reserve", "undo-reserve"]
    eventually("an Event for people", lambda: unhurried_shop.cluster.events("declined"))


def test_a_retryable_failure_is_tried_again_until_it_works(shop: Shop) -> None:
    answers = iter([Decline("Busy", retryable=True), Decline("Busy", retryable=True), {"did": "charge"}])
    shop.payments.script["charge"] = lambda _: next(answers)
    # on a busy machine silence would make for further attempts
    shop.yard.define("stubborn", *CHAIN, defaults={"timeout": "20s", "retryPolicy": {"initialInterval": "50ms"}})
    shop.cluster.start("flaky", "stubborn", input={"order": "flaky"})
    saga = shop.cluster.wait("flaky", "Succeeded")
    assert saga["status"]["steps"]["charge"]["attempts"] == 3


def test_nothing_but_the_status_is_written_to_a_saga(shop: Shop) -> None:
    created = shop.start("untouched")
    saga = shop.cluster.wait("untouched", "Succeeded")
    for field in ("annotations", "finalizers", "labels", "generation"):
        assert saga["metadata"].get(field) == created["metadata"].get(field)


def test_parallel_steps_run_at_once_and_the_join_waits_for_both(unhurried_shop: Shop) -> None:
    unhurried_shop.yard.define(
        "fork",
        step("left", "inventory"),
        step("right", "payments", dependsOn=[]),
        step("join", "shipping", dependsOn=["left", "right"], pivot=True),
    )
    unhurried_shop.inventory.script["left"] = lambda _: (
        {"did": "left"} if unhurried_shop.payments.messages("forked") else None
    )
    created = unhurried_shop.cluster.start("forked", "fork")
    unhurried_shop.cluster.wait("forked", "Succeeded")
    assert unhurried_shop.cluster.writes(created) == 2
    assert unhurried_shop.shipping.commands("forked") == ["join"]


def test_two_hundred_sagas_at_once_all_succeed_and_do_each_effect_once(shop: Shop) -> None:
    names = [f"crowd-{number}" for number in range(200)]
    for name in names:
        shop.start(name)
    for name in names:
        shop.cluster.wait(name, "Succeeded", seconds=60)
    for participant in shop.participants:
        assert len(participant.effects) == 200
        assert set(participant.effects.values()) == {1}


def test_a_finished_saga_leaves_the_operators_memory(shop: Shop) -> None:
    shop.start("forgotten")
    shop.cluster.wait("forgotten", "Succeeded")
    eventually("no live saga", lambda: shop.operator.metric("skald_saga_active{") == 0)
