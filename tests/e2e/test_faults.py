"""Pods deleted while sagas run: every saga ends as it should, nothing is lost and nothing happens twice."""

import pytest

from tests.integration.shop import TERMINAL, eventually

VICTIMS = {
    "operator": "app.kubernetes.io/name=saga-operator",
    "inventory-worker": "app.kubernetes.io/name=inventory,app.kubernetes.io/component=worker",
    "payments-worker": "app.kubernetes.io/name=payments,app.kubernetes.io/component=worker",
    "orders-worker": "app.kubernetes.io/name=orders,app.kubernetes.io/component=worker",
    "broker": "app.kubernetes.io/name=rabbitmq",
    "database": "app.kubernetes.io/name=mongodb",
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("victim", VICTIMS)
def test_sagas_end_though_pods_are_deleted_in_their_midst(cluster, shop, victim):
    expected = {shop.order(): "Succeeded", shop.order(method="pm_slow"): "Succeeded"}
    expected |= {shop.order(method="pm_declined"): "Compensated"}
    cluster.kubectl("delete", "pod", f"--selector={VICTIMS[victim]}", "--grace-period=0", "--force", "--wait=false")
    ended = eventually(
        f"all sagas to end without their {victim}",
        lambda: (
            (phases := {order: shop.phase(order) for order in expected}) and set(phases.values()) <= TERMINAL and phases
        ),
        seconds=300,
        every=0.5,
    )
    if victim == "database":
        # Its own database is part of the provider: when that is away for longer than payments' few attempts, the
        # definition has the order undone.
        expected |= {order: "Compensated" for order in ended if _gave_up_on_the_provider(shop, order)}
    assert ended == expected
    eventually(f"{victim} to be back", lambda: cluster.ready(VICTIMS[victim]), seconds=120, every=0.5)


def _gave_up_on_the_provider(shop, order):
    return shop.saga(order)["status"].get("failure", {}).get("code") == "ProviderUnavailable"
