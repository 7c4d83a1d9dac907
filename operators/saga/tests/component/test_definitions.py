"""What the operator says about definitions, and what their sagas do meanwhile."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import CHAIN, Yard, step


def test_a_saga_without_a_definition_stalls_and_starts_when_it_appears(shop: Yard) -> None:
    shop.cluster.start("order-1", "later", input={"order": "4711"})
    eventually("stalled", lambda: shop.cluster.stalled("order-1") == "DefinitionMissing")
    shop.define("later", *CHAIN)
    shop.cluster.wait("order-1", "Succeeded")
    assert shop.cluster.stalled("order-1") is None


def test_a_saga_created_right_after_its_definition_is_never_stalled(shop: Yard) -> None:
    for number in range(10):
        shop.cluster.define(f"fresh-{number}", list(CHAIN))
        created = shop.cluster.start(f"order-{number}", f"fresh-{number}", input={"order": "4711"})
        shop.cluster.wait(f"order-{number}", "Succeeded")
        assert shop.cluster.writes(created) == 2


def test_what_admission_cannot_see_is_answered_on_the_definition_and_its_sagas_do_not_start(shop: Yard) -> None:
    broken = step("reserve", "inventory", input={"order": "$(steps.nobody.output.x)"})
    shop.cluster.define("broken", [broken])
    eventually("refused", lambda: shop.accepted("broken") == "False")
    condition = shop.cluster.condition("sagadefinitions", "broken", "Accepted")
    assert "nobody" in condition["message"]
    shop.cluster.start("order-1", "broken")
    eventually("stalled", lambda: shop.cluster.stalled("order-1") == "NotAccepted")
    assert shop.inventory.seen == []


def test_a_definition_replaced_by_another_stalls_the_sagas_that_began_with_the_first(shop: Yard) -> None:
    shop.inventory.script["reserve"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("begun", lambda: shop.inventory.seen)
    shop.payments.script["charge"] = lambda _: None
    shop.inventory.script.clear()
    eventually("recorded", lambda: shop.cluster.saga("order-1")["status"].get("definitionHash"))
    path = shop.cluster.path("sagadefinitions", "chain")
    shop.cluster.patch(path, {"metadata": {"annotations": {"skald.dev/abandon": "true"}}})
    shop.cluster.call("DELETE", path)
    eventually("missing", lambda: shop.cluster.stalled("order-1") == "DefinitionMissing")
    shop.cluster.define("chain", [step("other", "inventory")])
    eventually("changed", lambda: shop.cluster.stalled("order-1") == "DefinitionChanged")
