"""The API server side: writes that lose a race, objects that vanish or come again."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import Shop


def hold(shop: Shop, saga: str) -> None:
    """Start a saga whose first step is not answered."""
    shop.inventory.script["reserve"] = lambda _: None
    shop.start(saga)
    eventually("sent", lambda: shop.inventory.messages(saga))


def test_i7_a_write_that_was_overtaken_reads_again_and_keeps_what_it_knows(shop: Shop) -> None:
    hold(shop, "touched")
    before = shop.operator.metric("skald_saga_conflicts_total")
    path = shop.cluster.path("sagas", "touched")
    shop.cluster.patch(path, {"metadata": {"labels": {"touched": "by-a-person"}}})
    shop.inventory.script.clear()
    saga = shop.cluster.wait("touched", "Succeeded")
    assert shop.operator.metric("skald_saga_conflicts_total") > before
    assert saga["metadata"]["labels"] == {"touched": "by-a-person"}
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def test_i7_what_another_operator_wrote_meanwhile_is_read_and_the_saga_ends(shop: Shop) -> None:
    hold(shop, "shared")
    path = shop.cluster.path("sagas", "shared") + "/status"
    foreign = {"state": "Succeeded", "output": {"did": "reserve"}, "attempts": 1}
    shop.cluster.patch(path, {"status": {"phase": "Running", "steps": {"reserve": foreign}}})
    shop.inventory.script.clear()
    shop.cluster.wait("shared", "Succeeded")


def test_a_saga_deleted_in_mid_flight_is_forgotten(shop: Shop) -> None:
    hold(shop, "deleted")
    shop.cluster.delete_saga("deleted")
    eventually("forgotten", lambda: shop.operator.metric("skald_saga_active{") == 0)


def test_i1_a_saga_created_again_under_its_name_repeats_no_effect(shop: Shop) -> None:
    shop.payments.script["charge"] = lambda _: None
    shop.start("twice")
    eventually("second step reached", lambda: shop.payments.messages("twice"))
    shop.cluster.delete_saga("twice")
    shop.start("twice")
    shop.payments.script.clear()
    shop.cluster.wait("twice", "Succeeded")
    assert set(shop.inventory.effects.values()) == {1}
    assert set(shop.payments.effects.values()) == {1}
