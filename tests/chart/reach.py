"""Who reaches whom, by the rendered NetworkPolicies: Kubernetes' own rules over labels and ports, without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.chart.renders import Render

Labels = Mapping[str, str]

OWN: Final = {"kubernetes.io/metadata.name": "shop"}

SERVICES = ("identity", "catalog", "orders", "inventory", "payments", "shipping")
SEEDED = ("identity", "catalog", "inventory", "payments")
WORKERS = {"orders-worker", "inventory-worker", "payments-worker", "shipping-worker"}
STORES = {
    *(f"{name}-web" for name in SERVICES), *WORKERS, "catalog-grpc", "test-provider",
    *(f"{name}-seed" for name in SEEDED), "mongodb-users-1",
}  # fmt: skip
CHECK_USERS = {f"{name}-web" for name in ("orders", "inventory", "payments", "shipping")}
TESTS = {"test-gateway-asks-for-a-token", "test-order-succeeds", "test-order-is-compensated"}

EDGES = {
    ("gateway", 8000): TESTS,
    ("identity-web", 8080): CHECK_USERS | {"gateway"},
    ("catalog-web", 8080): {"gateway"},
    ("catalog-grpc", 50051): {"orders-web"},
    ("orders-web", 8080): {"gateway"},
    ("inventory-web", 8080): {"gateway"},
    ("payments-web", 8080): {"gateway"},
    ("shipping-web", 8080): {"gateway"},
    ("test-provider", 8080): {"payments-worker"},
    ("rabbitmq", 5672): WORKERS | {"saga-operator"},
    ("mongodb", 27017): STORES,
}
"""Callee and port -> its callers, in the namespace. The front door is open to the world besides."""


@dataclass(frozen=True)
class Peer:
    """A pod, with the labels of its namespace. ``ports`` by name."""

    name: str
    labels: Labels
    ports: Mapping[str, int]
    namespace: Labels


def peers(render: Render) -> list[Peer]:
    return [
        Peer(name, pod["metadata"]["labels"], dict(_ports(pod)), OWN) for name, pod in sorted(render.pods().items())
    ]


def _ports(pod: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", []):
            yield port["name"], port["containerPort"]


def reaches(render: Render, source: Peer, target: Peer, port: int) -> bool:
    """May packets go: out of the one and into the other? Our policies bind our pods alone."""
    return _allowed(render, "egress", source, target, target, port) and _allowed(
        render, "ingress", target, source, target, port
    )


def _allowed(render: Render, way: str, of: Peer, other: Peer, target: Peer, port: int) -> bool:
    policies = [policy["spec"] for policy in render.of("NetworkPolicy") if _applies(policy["spec"], way, of)]
    if not policies:
        return True
    peers_key = "to" if way == "egress" else "from"
    return any(
        _has_port(rule, target, port) and (peers_key not in rule or any(_is(peer, other) for peer in rule[peers_key]))
        for policy in policies
        for rule in policy.get(way, [])
    )


def _applies(policy: Mapping[str, Any], way: str, pod: Peer) -> bool:
    return (
        pod.namespace == OWN
        and way.capitalize() in policy["policyTypes"]
        and _matches(policy["podSelector"], pod.labels)
    )


def _matches(selector: Mapping[str, Any], labels: Labels) -> bool:
    assert selector.keys() <= {"matchLabels"}, "only what is used is understood here"
    return selector.get("matchLabels", {}).items() <= labels.items()


def _is(peer: Mapping[str, Any], pod: Peer) -> bool:
    """Does an entry of ``from`` or ``to`` mean this pod? An ipBlock means what is no pod."""
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        if not _matches(peer["namespaceSelector"], pod.namespace):
            return False
    elif pod.namespace != OWN:
        return False
    return _matches(peer.get("podSelector", {}), pod.labels)


def _has_port(rule: Mapping[str, Any], target: Peer, port: int) -> bool:
    return "ports" not in rule or any(
        entry.get("protocol", "TCP") == "TCP" and target.ports.get(entry["port"], entry["port"]) == port
        for entry in rule["ports"]
    )


def allowed(render: Render) -> dict[tuple[str, int], set[str]]:
    """Every pair of pods, on every port that the second one opens."""
    pods = peers(render)
    edges = {(target.name, port): target for target in pods for port in target.ports.values()}
    return {
        edge: {source.name for source in pods if source != target and reaches(render, source, target, edge[1])}
        for edge, target in edges.items()
    }
