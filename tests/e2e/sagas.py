"""Sagas that wait: they are alive for as long as a test likes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.instance import REPOSITORY
from tests.e2e.cluster import Cluster

KINDS: Final = {"sagas.skald.dev", "sagadefinitions.skald.dev", "sagadecisions.skald.dev"}
_MANIFESTS: Final = REPOSITORY / "manifests"


def held_saga(namespace: str) -> str:
    """The Saga ``held``, an order that goes no further until somebody resumes it."""
    saga = _read(_MANIFESTS / "samples" / "order.yaml")
    saga["metadata"] = {"name": "held", "namespace": namespace}
    saga["spec"]["suspend"] = True
    return json.dumps(saga)


def definition(namespace: str) -> str:
    """The order's definition, for a namespace without a release."""
    found = _read(_MANIFESTS / "definitions" / "place-order-v1.yaml")
    found["metadata"]["namespace"] = namespace
    return json.dumps(found)


def kinds_of_sagas(cluster: Cluster) -> set[str]:
    """Those that the cluster knows."""
    return {name for name in names(cluster, "customresourcedefinitions") if name.endswith(".skald.dev")}


def names(cluster: Cluster, kind: str) -> set[str]:
    return {one["metadata"]["name"] for one in cluster.get(kind)["items"]}


def _read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text("utf-8")))
