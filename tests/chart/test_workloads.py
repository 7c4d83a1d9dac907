"""What every workload gets, whichever it is and however it is installed."""

from __future__ import annotations

from collections import Counter

import pytest
from skald.gunicorn import GRACE
from skald.worker import DRAIN

from hack.chart.helm import render
from tests.chart.renders import Render, rendered

OWN = {
    "identity-web", "catalog-web", "catalog-grpc", "orders-web", "orders-worker", "inventory-web", "inventory-worker",
    "payments-web", "payments-worker", "test-provider", "shipping-web", "shipping-worker", "saga-operator",
}  # fmt: skip
STANDBY = {"saga-operator"}
"""One works and the others wait, so nothing scales them."""
SERVERS = {"mongodb", "rabbitmq"}


def containers(pod):
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_the_whole_platform_is_there(default):
    assert default.names("Deployment") == OWN | {"gateway"}
    assert default.names("StatefulSet") == SERVERS


def test_no_object_is_rendered_twice(profile: Render):
    times = Counter((one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in profile.objects)
    assert not [key for key, count in times.items() if count > 1]


def test_every_object_of_a_namespace_is_in_the_releases(profile: Render):
    everywhere = {
        "CustomResourceDefinition", "ClusterRole", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    }  # fmt: skip
    for one in profile.objects:
        assert one["metadata"].get("namespace") == (None if one["kind"] in everywhere else "shop"), one["metadata"]


@pytest.mark.parametrize("kind", ["ConfigMap", "Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_every_workload_has_its(default, kind):
    missing = default.names("Deployment", "StatefulSet") - default.names(kind)
    assert missing == ({"mongodb"} if kind == "ConfigMap" else set())


def test_what_may_run_twice_scales_by_itself(default):
    assert default.names("HorizontalPodAutoscaler") == default.names("Deployment") - STANDBY
    for name in default.names("HorizontalPodAutoscaler"):
        assert "replicas" not in default.get("Deployment", name)["spec"], "it would undo the autoscaler's work"


def test_of_one_that_has_another_on_standby_there_are_two(default):
    assert {default.get("Deployment", name)["spec"]["replicas"] for name in STANDBY} == {2}


def test_a_workload_that_does_not_scale_says_how_many_it_is():
    minimal = rendered("minimal")
    assert {one["spec"]["replicas"] for one in minimal.of("Deployment")} == {1}
    assert not minimal.names("HorizontalPodAutoscaler")


def test_a_budget_lets_one_go_and_never_keeps_a_broken_one(profile: Render):
    for budget in profile.of("PodDisruptionBudget"):
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_selectors_pick_the_pods_of_their_own_workload(profile: Render):
    pods = profile.pods()
    for one in profile.of("Deployment", "StatefulSet", "PodDisruptionBudget", "Service"):
        selector = one["spec"]["selector"]
        selector = selector.get("matchLabels", selector)
        picked = {name for name, pod in pods.items() if selector.items() <= pod["metadata"]["labels"].items()}
        assert picked == {one["metadata"]["name"].removesuffix("-metrics")}, one["kind"]


def test_every_pod_runs_with_the_least_rights(profile: Render):
    for name, pod in profile.pods().items():
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"], name
        assert security["runAsUser"] >= 10000, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        assert pod["spec"]["enableServiceLinks"] is False, name
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


def test_every_container_says_what_it_needs_and_takes(profile: Render):
    for name, pod in profile.pods().items():
        for container in containers(pod):
            for bound in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"][bound].keys(), name


def test_every_lasting_container_is_probed_three_ways(profile: Render):
    for name in profile.names("Deployment", "StatefulSet"):
        for container in profile.pods()[name]["spec"]["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), name
            assert container["livenessProbe"] != container["readinessProbe"], name


def test_probes_and_services_name_ports_that_the_container_has(profile: Render):
    pods = profile.pods()
    for name in profile.names("Deployment", "StatefulSet"):
        for container in pods[name]["spec"]["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                (way,) = (container[probe][way] for way in ("httpGet", "tcpSocket") if way in container[probe])
                assert way["port"] in ports, name
    for service in profile.of("Service"):
        pod = pods[service["metadata"]["name"].removesuffix("-metrics")]
        ports = {port["name"] for container in pod["spec"]["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_replicas_spread_over_nodes_and_zones(profile: Render):
    for name in profile.names("Deployment", "StatefulSet"):
        spread = profile.pods()[name]["spec"]["topologySpreadConstraints"]
        assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}


def test_who_serves_goes_on_until_its_callers_know_that_it_leaves_and_has_time_to_finish(profile: Render):
    called = {service["metadata"]["name"] for service in profile.of("Service") if _takes_calls(service)}
    for one in profile.of("Deployment"):
        name, spec = one["metadata"]["name"], one["spec"]["template"]["spec"]
        lifecycle = spec["containers"][0].get("lifecycle")
        assert bool(lifecycle) == (name in called), name
        pause = lifecycle["preStop"]["sleep"]["seconds"] if lifecycle else 0
        assert spec["terminationGracePeriodSeconds"] >= pause + max(GRACE, DRAIN) + 5, name


def _takes_calls(service):
    return {port["name"] for port in service["spec"]["ports"]} - {"metrics", "keys-metrics"} != set()


def test_dns_answers_of_half_a_minute_are_outlived_unless_the_cluster_is_known_to_keep_none():
    for profile, least in (("default", 30), ("production", 30), ("minimal", 30), ("kind", 10)):
        for one in rendered(profile).of("Deployment"):
            if lifecycle := one["spec"]["template"]["spec"]["containers"][0].get("lifecycle"):
                assert lifecycle["preStop"]["sleep"]["seconds"] >= least, one["metadata"]["name"]


def test_a_new_version_spreads_regardless_of_where_the_old_one_lies(profile: Render):
    for name in profile.names("Deployment"):
        for constraint in profile.pods()[name]["spec"]["topologySpreadConstraints"]:
            assert constraint["matchLabelKeys"] == ["pod-template-hash"], name


def test_a_changed_setting_makes_new_pods(profile: Render):
    for name in profile.names("Deployment", "StatefulSet"):
        assert len(profile.pods()[name]["metadata"]["annotations"]["checksum/config"]) == 64


def test_a_new_version_of_the_chart_alone_makes_no_new_pods(profile: Render):
    for name in profile.names("Deployment", "StatefulSet"):
        assert not {"app.kubernetes.io/version", "helm.sh/chart"} & profile.pods()[name]["metadata"]["labels"].keys()


def test_on_kind_everything_fits_on_one_node_of_two_cores():
    kind = rendered("kind")
    replicas = {one["metadata"]["name"]: one["spec"].get("replicas", 1) for one in kind.of("Deployment")}
    replicas |= {one["metadata"]["name"]: one["spec"]["minReplicas"] for one in kind.of("HorizontalPodAutoscaler")}
    asked = sum(
        replicas.get(name, 1) * int(container["resources"]["requests"]["cpu"].removesuffix("m"))
        for name in kind.names("Deployment", "StatefulSet")
        for container in kind.pods()[name]["spec"]["containers"]
    )
    control_plane, surge = 950, 100
    assert asked + control_plane + surge <= 2000


def test_on_kind_broker_and_database_leave_a_node_free():
    kind = rendered("kind")
    selectors = [kind.pods()[name]["spec"]["nodeSelector"] for name in SERVERS]
    assert selectors == [{"node-role.kubernetes.io/control-plane": ""}] * 2


def test_every_mount_has_its_volume_and_every_volume_is_mounted(profile: Render):
    for name, pod in profile.pods().items():
        (stateful,) = [one for one in profile.of("StatefulSet") if one["metadata"]["name"] == name] or [{"spec": {}}]
        claims = {claim["metadata"]["name"] for claim in stateful["spec"].get("volumeClaimTemplates", [])}
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])} | claims
        mounted = {mount["name"] for container in containers(pod) for mount in container.get("volumeMounts", [])}
        assert mounted == volumes, name


def test_every_service_account_is_there_and_used(profile: Render):
    used = {pod["spec"]["serviceAccountName"] for pod in profile.pods().values()}
    assert used == profile.names("ServiceAccount") | {"default"}, "default is for the tests of the release alone"


def test_the_api_servers_token_is_for_those_alone_who_talk_to_it(profile: Render):
    holders = {
        name
        for name, pod in profile.pods().items()
        if any(volume["name"] == "kubernetes" for volume in pod["spec"].get("volumes", []))
    }
    expected = {"saga-operator", "orders-worker", "catalog-grpc", "test-provider"}
    assert holders == expected & profile.names("Deployment")


def test_a_caller_shows_tokens_made_for_whom_it_calls(default):
    audiences = {
        name: {source["serviceAccountToken"]["audience"] for source in volume["projected"]["sources"]}
        for name, pod in default.pods().items()
        for volume in pod["spec"].get("volumes", [])
        if volume["name"] == "tokens"
    }
    assert audiences == {"orders-web": {"catalog"}, "payments-worker": {"test-provider"}}


def test_monitoring_comes_where_the_cluster_knows_it(default):
    assert not default.names("ServiceMonitor", "PrometheusRule")
    watched = rendered("production")
    assert watched.names("ServiceMonitor") == watched.names("PrometheusRule") == watched.names("Deployment")


def test_no_environment_names_a_setting_twice_though_it_be_overridden():
    """Helm 4's server-side apply refuses a list with a name twice."""
    overridden = ("KONG_HEADERS", "KONG_TRUSTED_IPS", "SKALD_LOG_LEVEL", "HOME", "RABBITMQ_NODENAME", "MONGODB_TLS")
    everywhere = ",".join(f"global.workload.env.{name}=other" for name in overridden)
    objects = Render(
        "", render(f"--set={everywhere},gateway.trustedIps={{10.0.0.0/8}},gateway.workload.env.KONG_PREFIX=/p")
    )
    for name, pod in objects.pods().items():
        for container in containers(pod):
            times = Counter(one["name"] for one in container.get("env", []))
            assert not [key for key, count in times.items() if count > 1], name


def test_every_image_follows_the_registry():
    objects = Render("", render("--set=global.image.registry=registry.example.com"))
    for name, pod in objects.pods().items():
        for container in containers(pod):
            assert container["image"].startswith("registry.example.com/"), name
