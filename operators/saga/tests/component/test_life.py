"""The process: starting where it cannot run, being told to stop, what it serves to whoever watches it."""

from __future__ import annotations

import json

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import Yard


def test_without_the_saga_api_it_says_what_to_apply_and_exits(yard: Yard) -> None:
    nothing_below = f"{yard.parts.kubernetes_url}/apis/apps/v1/namespaces/{yard.namespace}/deployments/absent"
    operator = yard.operator(SKALD_KUBERNETES_URL=nothing_below)
    operator.start(ready=False)
    assert operator.wait() == 1
    assert "CustomResourceDefinitions" in operator.log


def test_with_a_wrong_environment_it_names_every_variable_and_exits(yard: Yard) -> None:
    operator = yard.operator(SKALD_NAMESPACE="", SKALD_AMQP_URL="")
    operator.start(ready=False)
    assert operator.wait() == 2
    assert "SKALD_NAMESPACE" in operator.log
    assert "SKALD_AMQP_URL" in operator.log


def test_told_to_stop_it_writes_what_it_knows_and_exits_with_0(shop: Yard) -> None:
    shop.payments.script["charge"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("second step reached", lambda: shop.payments.seen)
    assert shop.main.stop() == 0
    saga = shop.cluster.saga("order-1")
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}


def test_stopped_and_started_it_finishes_what_it_had_begun(shop: Yard) -> None:
    shop.payments.script["charge"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("second step reached", lambda: shop.payments.seen)
    shop.main.stop()
    shop.payments.script.clear()
    shop.main.start()
    shop.cluster.wait("order-1", "Succeeded")
    assert set(shop.inventory.effects.values()) == {1}


def test_a_renewed_token_is_picked_up(shop: Yard) -> None:
    shop.token_file.write_text("revoked")
    created = shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("done but for the write", lambda: shop.shipping.effects)
    shop.token_file.write_text(shop.operator_token())
    shop.cluster.wait("order-1", "Succeeded")
    assert shop.cluster.writes(created) == 2


def test_every_log_line_is_json_with_the_saga_it_is_about(shop: Yard) -> None:
    shop.shipping.script["ship"] = lambda _: None
    shop.cluster.start("order-1", "chain", input={"order": "4711"})
    eventually("at the pivot", lambda: shop.shipping.seen)
    shop.main.stop()
    lines = [json.loads(line) for line in shop.main.log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
