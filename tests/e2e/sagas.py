"""A saga that lives for as long as a test likes, because nobody is there who could do its step."""

from __future__ import annotations

import json
from typing import Final

from tests.e2e.cluster import Cluster

KINDS: Final = {"sagas.skald.dev", "sagadefinitions.skald.dev", "sagadecisions.skald.dev"}
LIVE: Final = "waits-for-nobody"


def start_live_saga(cluster: Cluster, namespace: str) -> None:
    """Apply the Saga ``LIVE`` and its definition."""
    step = {"name": "wait", "participant": "nobody", "command": "come", "compensation": {"none": "nobody came"}}
    _create(cluster, "SagaDefinition", namespace, {"deadline": "24h", "steps": [step]})
    _create(cluster, "Saga", namespace, {"definition": LIVE, "input": {}})


def _create(cluster: Cluster, kind: str, namespace: str, spec: dict[str, object]) -> None:
    metadata = {"name": LIVE, "namespace": namespace}
    text = json.dumps({"apiVersion": "skald.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    cluster.kubectl("create", f"--namespace={namespace}", "--filename=-", stdin=text)


def kinds_of_sagas(cluster: Cluster) -> set[str]:
    """Those that the cluster knows."""
    return {name for name in names(cluster, "customresourcedefinitions") if name.endswith(".skald.dev")}


def names(cluster: Cluster, kind: str) -> set[str]:
    """Of all objects of a kind, in the release's namespace if it has one."""
    return {one["metadata"]["name"] for one in cluster.get(kind)["items"]}
