"""An order through the gateway, on the cluster."""

import pytest

from tests.integration.shop import TERMINAL, eventually

COLUMNS = ["NAME", "PHASE", "PROGRESS", "STEP", "REASON", "AGE", "DURATION"]


def finished(shop, order):
    return eventually(f"the end of {order}", lambda: (phase := shop.phase(order)) in TERMINAL and phase)


def test_an_order_succeeds_through_the_gateway(shop):
    order = shop.order()
    assert finished(shop, order) == "Succeeded"
    eventually("the order to be confirmed", lambda: shop.get_order(order)["status"] == "Confirmed")


def test_a_declined_card_compensates_the_order(shop):
    order = shop.order(method="pm_declined")
    assert finished(shop, order) == "Compensated"
    rejected = eventually("the verdict", lambda: (seen := shop.get_order(order))["status"] == "Rejected" and seen)
    assert rejected["reason"] == "CardDeclined"


def test_an_order_out_of_stock_compensates(shop):
    assert finished(shop, shop.order(sku="horn")) == "Compensated"


def test_kubectl_get_sagas_shows_the_columns(cluster, shop):
    order = shop.order()
    finished(shop, order)
    header, row = cluster.kubectl("get", "sagas", f"order-{order}").splitlines()
    assert header.split() == COLUMNS
    assert row.split()[:3] == [f"order-{order}", "Succeeded", "5/5"]


def test_kubectl_saga_logs_shows_what_every_service_wrote_about_an_order(cluster, shop):
    order = shop.order()
    finished(shop, order)

    def wrote():
        lines = cluster.saga("logs", f"order-{order}", "--output=json")
        return {line["service"] for line in lines} >= {"inventory", "payments", "shipping", "orders"} and lines

    lines = eventually("a line of every service", wrote)
    said = [line["message"] for line in lines if "step" in line]
    assert set(said[:2]) == {"inventory.reserve succeeded", "payments.authorize succeeded"}
    assert said[-1] == "shipping.dispatch succeeded"
    assert {line["saga"] for line in lines} == {f"{cluster.namespace}/order-{order}"}


def test_a_request_without_a_token_is_refused_by_the_gateway(cluster, shop):
    answer = shop.http.get(shop.url("/v1/orders"), headers={"Authorization": ""}, timeout=10)
    assert answer.status_code == 401


@pytest.mark.timeout(400)
def test_helm_test_orders_too_and_cleans_up(cluster):
    cluster.helm("test", cluster.release, "--timeout=5m")
    assert not cluster.pods("app.kubernetes.io/name=tests")
