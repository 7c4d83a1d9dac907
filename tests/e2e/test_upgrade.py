"""From the previous release, which runs when this begins, to this one and back, while customers order."""

import pytest

from tests.e2e.load import Crowd, Ordering

WAIT = ("--wait", "--timeout=10m")


def _running_tag(cluster):
    (container,) = cluster.get("deployment", "orders-web")["spec"]["template"]["spec"]["containers"]
    return container["image"].rpartition(":")[2]


@pytest.mark.timeout(900)
def test_an_upgrade_from_the_previous_release_loses_no_saga(cluster, shop, previous_release, current_release):
    assert _running_tag(cluster) == previous_release.tag
    ordering = Ordering(shop)
    with Crowd(ordering, pause=1):
        cluster.helm("upgrade", cluster.release, current_release.chart, *current_release.options, *WAIT)
    assert _running_tag(cluster) == current_release.tag
    ordering.all_end_as_they_should()


@pytest.mark.timeout(900)
def test_a_rollback_to_the_previous_release_loses_no_saga(cluster, shop, previous_release):
    ordering = Ordering(shop)
    with Crowd(ordering, pause=1):
        cluster.helm("rollback", cluster.release, *WAIT)
    assert _running_tag(cluster) == previous_release.tag
    ordering.all_end_as_they_should()
