"""The process: starting where it cannot run, being told to stop, renewed credentials, its log."""

from __future__ import annotations

import json

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.yard import Shop, Yard


def test_without_the_saga_api_it_says_what_to_apply_and_exits(yard: Yard) -> None:
    yard.token_file.write_text(yard.parts.admin_token)
    nothing_below = f"{yard.parts.kubernetes_url}/apis/apps/v1/namespaces/{yard.namespace}/deployments/absent"
    operator = yard.operator(SKALD_KUBERNETES_URL=nothing_below)
    operator.start(ready=False)
    assert operator.wait() == 1
    assert "apply the CustomResourceDefinitions" in operator.log


def test_with_a_wrong_environment_it_names_every_variable_and_exits(yard: Yard) -> None:
    operator = yard.operator(SKALD_NAMESPACE="", SKALD_AMQP_URL="")
    operator.start(ready=False)
    assert operator.wait() == 2
    assert "SKALD_NAMESPACE" in operator.log
    assert "SKALD_AMQP_URL" in operator.log


def test_told_to_stop_it_writes_what_it_knows_and_exits_with_0_and_started_again_it_goes_on(shop: Shop) -> None:
    shop.payments.script["charge"] = lambda _: None
    shop.start("interrupted")
    eventually("second step reached", lambda: shop.payments.messages("interrupted"))
    assert shop.operator.stop() == 0
    saga = shop.cluster.saga("interrupted")
    assert saga["status"]["steps"]["reserve"]["output"] == {"did": "reserve"}
    shop.payments.script.clear()
    shop.operator.start()
    shop.cluster.wait("interrupted", "Succeeded")
    assert set(shop.inventory.effects.values()) == {1}


def test_a_saga_nested_too_deep_to_be_read_keeps_no_operator_from_starting(shop: Shop) -> None:
    shop.operator.stop()
    shop.cluster.start_nested("bottomless", "chain", 9_900)
    shop.start("beside-it")
    shop.operator.start()
    shop.cluster.wait("beside-it", "Succeeded")
    assert shop.cluster.wait("bottomless", "Compensated")["status"]["failure"]["code"] == "InvalidInput"


def test_a_renewed_token_is_picked_up(unhurried_shop: Shop) -> None:
    unhurried_shop.yard.renew_token("revoked")
    created = unhurried_shop.start("re-authenticated")
    eventually("done but for the write", lambda: unhurried_shop.shipping.commands("re-authenticated"))
    unhurried_shop.yard.renew_token(unhurried_shop.yard.operator_token())
    unhurried_shop.cluster.wait("re-authenticated", "Succeeded")
    assert unhurried_shop.cluster.writes(created) == 2


def test_every_log_line_is_a_json_object(shop: Shop) -> None:
    shop.start("logged")
    shop.cluster.wait("logged", "Succeeded")
    lines = [json.loads(line) for line in shop.operator.log.splitlines()]
    assert lines
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
