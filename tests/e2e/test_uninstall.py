"""What an uninstall leaves, and that the next release goes on with it. Runs when no other test needs the release."""

import pytest

from tests.e2e.load import Ordering
from tests.e2e.sagas import KINDS, LIVE, kinds_of_sagas, names, start_live_saga
from tests.integration.shop import eventually

KEPT = ("sagadefinitions", "persistentvolumeclaims")
GONE = ("deployments", "statefulsets", "services", "networkpolicies", "configmaps", "horizontalpodautoscalers")


@pytest.fixture(scope="module")
def interrupted():
    """Orders whose sagas the uninstall caught alive: placed by one test, looked for by the next."""
    return {}


@pytest.mark.timeout(600)
def test_an_uninstall_ends_and_keeps_kinds_definitions_sagas_passwords_and_volumes(cluster, shop, interrupted):
    ordering = Ordering(shop, interrupted)
    for _ in range(3):
        ordering()
    assert len(interrupted) == 3, ordering.refusals
    start_live_saga(cluster, cluster.namespace)
    before = {kind: names(cluster, kind) for kind in KEPT}
    passwords = {name for name in names(cluster, "secrets") if not name.startswith("sh.helm.release")}
    cluster.helm("uninstall", cluster.release, "--wait", "--timeout=5m")
    eventually("the last pod to go", lambda: not cluster.get("pods")["items"], seconds=120, every=1)
    for kind in GONE:
        assert names(cluster, kind) <= {"kube-root-ca.crt"}, kind
    assert {kind: names(cluster, kind) for kind in KEPT} == before
    assert names(cluster, "secrets") == passwords
    assert LIVE in names(cluster, "sagas")
    assert kinds_of_sagas(cluster) == KINDS


@pytest.mark.timeout(900)
def test_the_next_release_of_that_name_goes_on_with_data_and_sagas_that_were_kept(
    cluster, previous_release, make_shop, interrupted
):
    options = (*previous_release.options, "--wait", "--timeout=10m")
    cluster.helm("install", cluster.release, previous_release.chart, *options)
    Ordering(make_shop(), interrupted).all_end_as_they_should()
