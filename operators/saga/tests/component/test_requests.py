"""What a saga's owner may ask for while it runs: a pause, and the way back."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import Shop


def ask(shop: Shop, saga: str, **spec: bool) -> None:
    shop.cluster.patch(shop.cluster.path("sagas", saga), {"spec": spec})


def at_the_second_step(shop: Shop, saga: str) -> None:
    """A saga whose second step is not answered."""
    shop.payments.script["charge"] = lambda _: None
    shop.start(saga)
    eventually("second step reached", lambda: shop.payments.messages(saga))


def test_a_suspended_saga_goes_on_when_it_is_resumed(shop: Shop) -> None:
    at_the_second_step(shop, "paused")
    ask(shop, "paused", suspend=True)
    shop.cluster.wait("paused", "Suspended")
    shop.payments.script.clear()
    ask(shop, "paused", suspend=False)
    shop.cluster.wait("paused", "Succeeded")
    assert shop.shipping.commands("paused") == ["ship"]


def test_a_cancelled_saga_is_undone(shop: Shop) -> None:
    at_the_second_step(shop, "unwanted")
    ask(shop, "unwanted", cancel=True)
    saga = shop.cluster.wait("unwanted", "Compensated")
    assert saga["status"]["failure"]["code"] == "CancelRequested"
    assert shop.inventory.commands("unwanted") == ["reserve", "undo-reserve"]
    assert shop.shipping.commands("unwanted") == []


def test_a_saga_created_suspended_sends_nothing_until_it_is_resumed(shop: Shop) -> None:
    shop.cluster.start("prepared", "chain", input={"order": "4711"}, suspend=True)
    shop.cluster.wait("prepared", "Suspended")
    assert shop.inventory.messages("prepared") == []
    ask(shop, "prepared", suspend=False)
    shop.cluster.wait("prepared", "Succeeded")
