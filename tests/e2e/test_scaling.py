"""More replicas when there is more to do, fewer afterwards; a node can go, and nobody who asks notices."""

import pytest

from tests.e2e.load import Asking, Crowd, Ordering
from tests.integration.shop import eventually

BACKING = ("mongodb", "rabbitmq")


@pytest.mark.timeout(900)
def test_an_autoscaler_adds_replicas_under_load_and_takes_them_away_after_it(cluster, shop):
    def ready():
        return cluster.get("deployment", "catalog-web")["status"].get("readyReplicas", 0)

    least = cluster.get("horizontalpodautoscaler", "catalog-web")["spec"]["minReplicas"]
    eventually("the calm before", lambda: ready() == least, seconds=240, every=2)
    asking = Asking(lambda: shop.http.get(shop.url("/v1/products"), timeout=15))
    with Crowd(asking, size=3, pause=0.02):
        eventually("more replicas", lambda: ready() > least, seconds=240, every=1)
    eventually("as few as before", lambda: ready() == least, seconds=240, every=2)
    assert asking.served


@pytest.mark.timeout(900)
def test_a_node_without_backing_services_is_drained_and_no_request_fails(cluster, shop, make_shop):
    node = _node_without_backing_services(cluster)
    looking = Asking(lambda: shop.http.get(shop.url("/v1/products"), timeout=15))
    asking = Asking(lambda: shop.http.get(shop.url("/v1/orders"), timeout=15))
    ordering = Ordering(make_shop())
    try:
        with Crowd(looking), Crowd(asking), Crowd(ordering, pause=0.5):
            cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s")
            eventually("every deployment to be whole again", lambda: _whole(cluster), seconds=240, every=1)
            assert not _pods_of_ours_on(cluster, node)
    finally:
        cluster.kubectl("uncordon", node)
    assert looking.served
    assert asking.served
    failures = looking.failures + asking.failures + ordering.refusals
    assert not failures, "\n".join([f"{len(failures)} requests failed:", *failures[:9]])
    ordering.all_end_as_they_should()


def _node_without_backing_services(cluster):
    nodes = {node["metadata"]["name"] for node in cluster.get("nodes")["items"]}
    backing = cluster.pods(f"app.kubernetes.io/name in ({','.join(BACKING)})")
    free = nodes - {pod["spec"]["nodeName"] for pod in backing}
    assert free, "broker and database lie on all nodes: values-kind.yaml should keep them together"
    return min(free)


def _pods_of_ours_on(cluster, node):
    pods = cluster.pods("app.kubernetes.io/part-of=skald")
    return [pod["metadata"]["name"] for pod in pods if pod["spec"].get("nodeName") == node]


def _whole(cluster):
    """Every Deployment has all the replicas that it should, ready and of its newest kind."""
    return all(
        deployment["status"].get("observedGeneration") == deployment["metadata"]["generation"]
        and deployment["status"].get("readyReplicas", 0) >= deployment["spec"]["replicas"]
        for deployment in cluster.get("deployments")["items"]
    )
