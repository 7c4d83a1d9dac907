"""What the operator says about definitions, and what their sagas do meanwhile."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import CHAIN, Shop, step


def test_a_saga_without_a_definition_stalls_and_starts_when_it_appears(shop: Shop) -> None:
    shop.cluster.start("early", "later", input={"order": "4711"})
    eventually("stalled", lambda: shop.cluster.stalled("early") == "DefinitionMissing")
    assert "DefinitionMissing" in {event["reason"] for event in shop.cluster.events("early")}
    shop.yard.define("later", *CHAIN)
    shop.cluster.wait("early", "Succeeded")
    assert shop.cluster.stalled("early") is None


def test_a_saga_created_right_after_its_definition_is_never_stalled(shop: Shop) -> None:
    for number in range(5):
        shop.cluster.define(f"fresh-{number}", list(CHAIN))
        shop.cluster.start(f"fresh-{number}", f"fresh-{number}", input={"order": "4711"})
        shop.cluster.wait(f"fresh-{number}", "Succeeded")
        assert "DefinitionMissing" not in {event["reason"] for event in shop.cluster.events(f"fresh-{number}")}


def test_what_admission_cannot_see_is_answered_on_the_definition_and_its_sagas_do_not_start(shop: Shop) -> None:
    broken = step("reserve", "inventory", input={"order": "$(steps.nobody.output.x)"})
    shop.cluster.define("broken", [broken])
    eventually("refused", lambda: shop.yard.accepted("broken") == "False")
    condition = shop.cluster.condition("sagadefinitions", "broken", "Accepted")
    assert "nobody" in condition["message"]
    shop.cluster.start("of-broken", "broken")
    eventually("stalled", lambda: shop.cluster.stalled("of-broken") == "NotAccepted")
    assert shop.inventory.messages("of-broken") == []


def test_a_definition_replaced_by_another_stalls_the_sagas_that_began_with_the_first(shop: Shop) -> None:
    shop.yard.define("replaced", *CHAIN)
    shop.payments.script["charge"] = lambda _: None
    shop.cluster.start("orphan", "replaced", input={"order": "4711"})
    eventually("recorded", lambda: shop.cluster.saga("orphan")["status"].get("definitionHash"))
    path = shop.cluster.path("sagadefinitions", "replaced")
    shop.cluster.patch(path, {"metadata": {"annotations": {"skald.dev/abandon": "true"}}})
    shop.cluster.call("DELETE", path)
    eventually("missing", lambda: shop.cluster.stalled("orphan") == "DefinitionMissing")
    shop.cluster.define("replaced", [step("other", "inventory")])
    eventually("changed", lambda: shop.cluster.stalled("orphan") == "DefinitionChanged")
