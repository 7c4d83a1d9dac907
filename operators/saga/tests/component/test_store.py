"""The API server side: writes that lose a race, objects that vanish, a server that is away."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import CHAIN, Yard


def hold(yard: Yard, name: str) -> None:
    """Start a saga whose first step is not answered."""
    yard.inventory.script["reserve"] = lambda _: None
    yard.cluster.start(name, "chain", input={"order": "4711"})
    eventually("sent", lambda: yard.inventory.seen)


def test_i7_a_write_that_was_overtaken_reads_again_and_keeps_what_it_knows(shop: Yard) -> None:
    hold(shop, "order-1")
    path = shop.cluster.path("sagas", "order-1")
    shop.cluster.patch(path, {"metadata": {"labels": {"touched": "by-a-person"}}})
    shop.inventory.script.clear()
    saga = shop.cluster.wait("order-1", "Succeeded")
    assert shop.main.metric("skald_saga_conflicts_total") >= 1
    assert saga["metadata"]["labels"] == {"touched": "by-a-person"}
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def test_i7_facts_that_another_operator_wrote_are_taken_over(shop: Yard) -> None:
    hold(shop, "order-1")
    path = shop.cluster.path("sagas", "order-1") + "/status"
    foreign = {"state": "Succeeded", "output": {"did": "elsewhere"}, "attempts": 1}
    shop.cluster.patch(path, {"status": {"phase": "Running", "steps": {"reserve": foreign}}})
    shop.inventory.script.clear()
    shop.payments.script["charge"] = lambda command: {"paid-for": command.input["stock"]}
    shop.cluster.wait("order-1", "Succeeded")


def test_a_saga_deleted_in_mid_flight_is_forgotten(shop: Yard) -> None:
    hold(shop, "order-1")
    shop.cluster.delete_saga("order-1")
    eventually("forgotten", lambda: shop.main.metric("skald_saga_active{") == 0)
    sent = len(shop.inventory.seen)
    shop.inventory.script.clear()
    shop.cluster.start("order-2", "chain", input={"order": "4712"})
    shop.cluster.wait("order-2", "Succeeded")
    late = [message for message in shop.inventory.seen[sent:] if message.address.saga.endswith("order-1")]
    assert len(late) <= 1


def test_i1_a_saga_created_again_under_its_name_repeats_no_effect(shop: Yard) -> None:
    shop.payments.script["charge"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("second step reached", lambda: shop.payments.seen)
    shop.cluster.delete_saga("order-1")
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    shop.payments.script.clear()
    shop.cluster.wait("order-1", "Succeeded")
    assert set(shop.inventory.effects.values()) == {1}
    assert set(shop.payments.effects.values()) == {1}


def test_while_the_api_server_is_away_sagas_go_on_and_are_written_when_it_is_back(yard: Yard) -> None:
    gate = yard.gate(yard.parts.port("apiserver"))
    operator = yard.operator(SKALD_KUBERNETES_URL=f"https://127.0.0.1:{gate.port}")
    operator.start()
    inventory, payments, shipping = (yard.participant(name) for name in ("inventory", "payments", "shipping"))
    yard.define("chain", *CHAIN)
    inventory.script["reserve"] = lambda _: None
    created = yard.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("sent", lambda: inventory.seen)
    gate.shut()
    inventory.script.clear()
    eventually("went on without it", lambda: shipping.effects)
    assert yard.cluster.phase("order-1") == "Pending"
    later = yard.cluster.start("order-2", "chain", input={"order": "4712"})
    gate.open()
    for name in ("order-1", "order-2"):
        yard.cluster.wait(name, "Succeeded")
    assert [yard.cluster.writes(saga) for saga in (created, later)] == [2, 2]
    assert set(payments.effects.values()) == {1}


def test_a_saga_deleted_while_the_watch_was_cut_is_swept(yard: Yard) -> None:
    gate = yard.gate(yard.parts.port("apiserver"))
    operator = yard.operator(SKALD_KUBERNETES_URL=f"https://127.0.0.1:{gate.port}")
    operator.start()
    inventory = yard.participant("inventory", {"reserve": lambda _: None})
    yard.define("chain", *CHAIN)
    yard.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("sent", lambda: inventory.seen)
    gate.shut()
    yard.cluster.delete_saga("order-1")
    gate.open()
    eventually("forgotten", lambda: operator.metric("skald_saga_active{") == 0)
