"""A namespace goes with all that is in it, live sagas too, though nobody may delete such a saga alone. Runs last."""

import pytest

from tests.e2e.cluster import KubectlError
from tests.e2e.sagas import KINDS, LIVE, kinds_of_sagas, names, start_live_saga

DOOMED = "doomed"
PATIENCE = "--timeout=240s"


def test_a_live_saga_cannot_be_deleted_but_its_namespace_can(cluster):
    cluster.kubectl("create", "namespace", DOOMED)
    start_live_saga(cluster, DOOMED)
    with pytest.raises(KubectlError, match="abandon"):
        cluster.kubectl("delete", "saga", LIVE, f"--namespace={DOOMED}")
    cluster.kubectl("delete", "namespace", DOOMED, PATIENCE)


@pytest.mark.timeout(600)
def test_the_namespace_of_a_release_is_deleted_though_sagas_live_in_it_and_the_kinds_stay(cluster):
    assert LIVE in names(cluster, "sagas")
    cluster.kubectl("delete", "namespace", cluster.namespace, PATIENCE)
    assert kinds_of_sagas(cluster) == KINDS
