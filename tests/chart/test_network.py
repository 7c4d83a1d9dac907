"""Declared edges = edges that the rendered NetworkPolicies allow; all else is denied.

Whether a cluster's network enforces them is shown on the cluster (tests/e2e).
"""

from __future__ import annotations

import pytest

from hack.chart.helm import render
from tests.chart.reach import EDGES, SEEDED, STORES, WORKERS, Peer, allowed, peers, reaches
from tests.chart.renders import Render, rendered

DNS = Peer("coredns", {"k8s-app": "kube-dns"}, {}, {"kubernetes.io/metadata.name": "kube-system"})
PROMETHEUS = Peer("prometheus", {"app": "prometheus"}, {}, {"kubernetes.io/metadata.name": "monitoring"})
STRANGER = Peer("stranger", {"skald.dev/client-of-mongodb": "true"}, {}, {"kubernetes.io/metadata.name": "other"})
BARE = Peer("bare", {}, {}, {"kubernetes.io/metadata.name": "shop"})
"""A pod in our namespace that nobody labelled."""


def test_declared_edges_are_the_edges(default):
    assert {edge: callers for edge, callers in allowed(default).items() if callers} == EDGES


def test_a_server_for_each_service_is_reached_by_that_service_alone():
    for (target, _), callers in allowed(rendered("a-server-for-each")).items():
        if target.startswith("mongodb-"):
            service = target.removeprefix("mongodb-")
            mine = {name for name in STORES if name == service or name.startswith(f"{service}-")}
            assert callers == mine | {f"{target}-users-1"}, target


def test_the_world_reaches_the_front_door_and_nothing_else(default):
    opened = {(target.name, port) for target in peers(default) for port in target.ports.values()
              if reaches(default, STRANGER, target, port)}  # fmt: skip
    assert opened == {("gateway", 8000)}


def test_prometheus_reaches_metrics_and_the_front_door_and_nothing_else(default):
    for target in peers(default):
        for name, port in target.ports.items():
            expected = name in ("metrics", "keys-metrics") or (target.name, name) == ("gateway", "http")
            assert reaches(default, PROMETHEUS, target, port) == expected, (target.name, name)


def test_a_pod_that_nobody_labelled_reaches_nothing_and_is_not_reached(default):
    for other in peers(default):
        for port in other.ports.values():
            assert not reaches(default, BARE, other, port)
        assert not reaches(default, other, BARE, 8080)


def test_everyone_may_ask_for_names(default):
    asked = default.get("NetworkPolicy", "dns")["spec"]["egress"][0]
    assert {(port["protocol"], port["port"]) for port in asked["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert all(reaches(default, pod, DNS, 53) for pod in [*peers(default), BARE])


def test_names_may_be_asked_of_addresses_and_on_other_ports():
    values = "namespace-policy.dns.cidrs={169.254.20.10/32},namespace-policy.dns.ports={53,5353}"
    (rule,) = Render("", render(f"--set={values}")).get("NetworkPolicy", "dns")["spec"]["egress"]
    pods, node = rule["to"]
    assert pods["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert node == {"ipBlock": {"cidr": "169.254.20.10/32"}}
    asked = {(port["protocol"], port["port"]) for port in rule["ports"]}
    assert asked == {(protocol, port) for protocol in ("UDP", "TCP") for port in (53, 5353)}


@pytest.mark.parametrize(("values", "port"), [("tls=false", 5672), ("tls=true", 5671), ("port=5678", 5678)])
def test_a_broker_outside_is_reached_on_the_port_that_is_said_or_usual(values, port):
    outside = f"--set=rabbitmq.tlsSecret=any,global.rabbitmq.cidrs={{10.20.0.0/16}},global.rabbitmq.{values}"
    (rule,) = Render("", render(outside)).get("NetworkPolicy", "client-of-rabbitmq-outside")["spec"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": port}]


@pytest.mark.parametrize(
    ("outside", "profile", "callers"),
    [
        ("apiserver", "default", {"saga-operator", "orders-worker", "catalog-grpc", "test-provider"}),
        ("rabbitmq", "production", WORKERS | {"saga-operator"}),
        ("mongodb", "production", STORES - {"test-provider", "mongodb-users-1", *(f"{s}-seed" for s in SEEDED)}),
    ],
)
def test_what_is_no_pod_is_reached_by_address_by_its_clients_alone(outside, profile, callers):
    chart = rendered(profile)
    policy = chart.get("NetworkPolicy", f"client-of-{outside}-outside")["spec"]
    selected = policy["podSelector"]["matchLabels"].items()
    assert {pod.name for pod in peers(chart) if selected <= pod.labels.items()} == callers
    assert all("ipBlock" in peer for rule in policy["egress"] for peer in rule["to"])
