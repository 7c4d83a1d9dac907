"""What the chart promises of its pods, seen on a cluster that enforces it."""

import json

import pytest

from tests.e2e.cluster import KubectlError
from tests.e2e.load import Asking, Crowd
from tests.integration.shop import eventually


def test_the_namespace_enforces_restricted_pods_and_admits_all_of_the_chart(cluster):
    labels = cluster.get("namespace", cluster.namespace)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for deployment in cluster.get("deployments")["items"]:
        status = deployment["status"]
        assert status.get("readyReplicas", 0) >= 1, deployment["metadata"]["name"]
        assert not [c for c in status["conditions"] if c["type"] == "ReplicaFailure" and c["status"] == "True"]


def test_a_pod_that_is_not_restricted_is_refused(cluster):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "rootful"},
        "spec": {"containers": [{"name": "rootful", "image": "none", "securityContext": {"privileged": True}}]},
    }
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        cluster.kubectl("create", "--filename=-", stdin=json.dumps(pod))


def test_a_disruption_budget_refuses_the_eviction_too_many(cluster):
    selector = "app.kubernetes.io/name=orders,app.kubernetes.io/component=web"
    eventually("two ready pods", lambda: len(cluster.pods(selector)) >= 2 and cluster.ready(selector), seconds=120)
    pods = [pod["metadata"]["name"] for pod in cluster.pods(selector)]
    answers = [_evict(cluster, name) for name in pods]
    assert answers[0] == "evicted"
    assert any("disruption budget" in answer for answer in answers[1:]), answers
    eventually("the evicted pod's successor", lambda: cluster.ready(selector), seconds=120, every=0.5)


def test_every_autoscaler_sees_the_metrics_it_scales_by(cluster):
    def blind():
        return [
            scaler["metadata"]["name"]
            for scaler in cluster.get("horizontalpodautoscalers")["items"]
            if not any(metric.get("resource") for metric in scaler["status"].get("currentMetrics", []))
        ]

    eventually("metrics for all autoscalers", lambda: not blind(), seconds=120, every=2)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("deployment", "path"), [("orders-web", "/v1/orders"), ("catalog-web", "/v1/products")])
def test_a_rolling_restart_fails_no_request(cluster, shop, deployment, path):
    asking = Asking(lambda: shop.http.get(shop.url(path), timeout=15))
    with Crowd(asking):
        cluster.kubectl("rollout", "restart", f"deployment/{deployment}")
        cluster.kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=240s")
    assert asking.served
    assert asking.failures == []


def _evict(cluster, pod):
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": cluster.namespace},
    }
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/{pod}/eviction"
    try:
        cluster.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))
    except KubectlError as refusal:
        return str(refusal)
    return "evicted"
