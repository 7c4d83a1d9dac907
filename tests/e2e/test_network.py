"""Who reaches whom: by the NetworkPolicies as the cluster has them, and by real packets where it enforces them."""

import json
import time

import pytest

from tests.chart.reach import EDGES, allowed
from tests.chart.renders import Render
from tests.integration.shop import eventually

KINDS = ("deployments", "statefulsets", "networkpolicies")
DIAL = """
import contextlib, socket, sys, time
for _ in range(5):  # a new pod's first packets may come before the cluster knows it
    with contextlib.suppress(OSError):
        sys.exit(socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close())
    time.sleep(1)
sys.exit(1)
"""
CLIENT_OF_MONGODB = {"skald.dev/client-of-mongodb": "true"}


def test_the_policies_in_the_cluster_allow_the_declared_edges_and_no_others(cluster, record_property):
    record_property("proven", "the reachability check, over the policies and workloads as the cluster has them")
    stored = Render("cluster", [one for kind in KINDS for one in cluster.get(kind)["items"]])
    there = stored.names("Deployment", "StatefulSet")
    declared = {edge: callers & there for edge, callers in EDGES.items()}
    found = allowed(stored)
    assert {edge: callers for edge, callers in found.items() if callers} == {
        edge: callers for edge, callers in declared.items() if callers
    }


@pytest.mark.timeout(300)
def test_packets_of_a_client_arrive_and_those_of_others_do_not(cluster, record_property):
    assert _dials(cluster, "client", CLIENT_OF_MONGODB, "mongodb", 27017)
    if cluster.enforces_policies:
        assert not _dials(cluster, "stranger", {}, "mongodb", 27017)
        assert not _dials(cluster, "stranger", CLIENT_OF_MONGODB, "rabbitmq", 5672)
    else:
        record_property(
            "not_shown",
            "packets that a NetworkPolicy forbids are dropped: this cluster's network enforces none; "
            "the policies stored in it were evaluated instead",
        )


def _dials(cluster, name, labels, host, port):
    """Whether a pod with these labels gets a connection."""
    name = f"{name}-{time.time_ns()}"
    (container,) = cluster.get("deployment", "orders-web")["spec"]["template"]["spec"]["containers"]
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "dial",
                "image": container["image"],
                "command": ["python", "-c", DIAL, host, str(port)],
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}
    cluster.kubectl("create", "--filename=-", stdin=json.dumps(pod))
    try:
        phase = eventually(
            f"{name} to end",
            lambda: (seen := cluster.get("pod", name)["status"]["phase"]) in ("Succeeded", "Failed") and seen,
            seconds=120,
            every=0.5,
        )
    finally:
        cluster.kubectl("delete", "pod", name, "--wait=false")
    return phase == "Succeeded"
