"""Broker, database and gateway are set up from the same files as the embedded platform's."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from pymongo.errors import OperationFailure

from hack.chart.helm import render as chart
from hack.embedded.accounts import AUDIENCES
from hack.embedded.broker import broker_users, hash_password, load_topology, render_definitions
from hack.embedded.processes.broker import SLEEPING_SCHEDULERS
from hack.embedded.processes.services import DATABASE_USERS
from tests.chart.renders import Render, rendered


def definitions(render) -> dict:
    return json.loads(render.get("ConfigMap", "rabbitmq")["data"]["definitions.json"])


def normal(value):
    """Order says nothing in definitions."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def test_the_broker_gets_the_topology_that_the_embedded_platforms_has(default):
    topology = load_topology()
    hashes = {user: f"@{user}@" for user in broker_users(topology)}
    assert normal(definitions(default)) == normal(render_definitions(topology, "shop", hashes))


def test_the_brokers_schedulers_leave_the_cores_to_others_as_the_embedded_platforms_do(default):
    (server,) = default.get("StatefulSet", "rabbitmq")["spec"]["template"]["spec"]["containers"]
    assert {"name": "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "value": SLEEPING_SCHEDULERS} in server["env"]


def broker_settings(render) -> dict[str, str]:
    lines = render.get("ConfigMap", "rabbitmq")["data"]["50-skald.conf"].splitlines()
    return dict(line.split(" = ", 1) for line in lines if not line.startswith("#"))


def test_the_broker_takes_its_own_limit_for_all_memory_there_is(default):
    (server,) = default.pods()["rabbitmq"]["spec"]["containers"]
    assert server["resources"]["limits"]["memory"] == "1Gi"
    settings = broker_settings(default)
    assert settings["total_memory_available_override_value"] == str(1024**3)
    assert settings["vm_memory_high_watermark.relative"] == "0.6"
    assert int(settings["raft.wal_max_size_bytes"]) < 0.1 * 1024**3


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ("3221225472", 3 * 1024**3), ("2000000k", 2 * 10**9), ("700M", 700 * 10**6), ("2G", 2 * 10**9),
        ("1T", 10**12), ("2097152Ki", 2 * 1024**3), ("768Mi", 768 * 1024**2), ("1.5Gi", 1536 * 1024**2),
        ("1Ti", 1024**4),
    ],
)  # fmt: skip
def test_the_broker_understands_every_way_to_write_its_limit(limit, size):
    render = Render("", chart(f"--set=rabbitmq.workload.resources.limits.memory={limit}"))
    assert broker_settings(render)["total_memory_available_override_value"] == str(size)


def test_a_broker_without_a_limit_may_have_the_nodes_memory():
    """The schema asks for one, and Helm may be told not to look."""
    none = "rabbitmq.workload.resources.limits.memory=null,global.workload.resources.limits.memory=null"
    render = Render("", chart("--skip-schema-validation", f"--set={none}"))
    assert "total_memory_available_override_value" not in broker_settings(render)


@pytest.mark.parametrize(
    ("values", "port"), [("", 5671), (",global.rabbitmq.port=5671", 5671), (",global.rabbitmq.port=5678", 5678)]
)
def test_a_broker_that_speaks_tls_listens_where_its_clients_look_for_it(values, port):
    render = Render("", chart(f"--set=global.rabbitmq.tls=true,rabbitmq.tlsSecret=broker{values}"))
    assert broker_settings(render)["listeners.tcp"] == "none"
    assert broker_settings(render)["listeners.ssl.default"] == str(port)
    (server,) = render.pods()["rabbitmq"]["spec"]["containers"]
    assert {"name": "amqp", "containerPort": port} in server["ports"]
    assert render.get("Service", "rabbitmq")["spec"]["ports"][0]["port"] == port
    for policy, way in (("rabbitmq", "ingress"), ("client-of-rabbitmq", "egress")):
        (rule,) = render.get("NetworkPolicy", policy)["spec"][way]
        assert rule["ports"] == [{"protocol": "TCP", "port": port}]


@pytest.fixture
def passwords(tmp_path) -> Path:
    folder = tmp_path / "passwords"
    folder.mkdir()
    for user in broker_users(load_topology()):
        (folder / user).write_text(f"password of {user}")
    return folder


def fill_in(default, passwords: Path) -> subprocess.CompletedProcess:
    template = passwords.parent / "template.json"
    template.write_text(default.get("ConfigMap", "rabbitmq")["data"]["definitions.json"])
    script = passwords.parent / "definitions.sh"
    script.write_text(default.get("ConfigMap", "rabbitmq")["data"]["definitions.sh"])
    out = passwords.parent / "definitions.json"
    return subprocess.run(["sh", script, template, passwords, out], capture_output=True, text=True, check=False)


def test_the_init_container_puts_in_a_salted_hash_of_each_password(default, passwords):
    assert fill_in(default, passwords).returncode == 0
    users = json.loads((passwords.parent / "definitions.json").read_text())["users"]
    assert {user["name"] for user in users} == set(broker_users(load_topology()))
    for user in users:
        salt = base64.b64decode(user["password_hash"])[:4]
        assert user["password_hash"] == hash_password(f"password of {user['name']}", salt)
    assert len({user["password_hash"][:5] for user in users}) == len(users), "each has a salt of its own"


def test_a_user_without_a_password_keeps_the_broker_from_starting(default, passwords):
    (passwords / "orders").unlink()
    done = fill_in(default, passwords)
    assert done.returncode == 1
    assert '"@orders@"' in done.stdout


def test_every_broker_and_database_user_gets_its_password_where_it_is_needed(default):
    def paths(workload: str, volume: str) -> set[str]:
        (found,) = (one for one in default.pods()[workload]["spec"]["volumes"] if one["name"] == volume)
        return {item["path"] for source in found["projected"]["sources"] for item in source["secret"]["items"]}

    assert paths("rabbitmq", "passwords") == set(broker_users(load_topology()))
    assert paths("mongodb-users-1", "users") == set(DATABASE_USERS)


def test_the_accounts_and_their_tokens_are_those_of_the_embedded_platform(default):
    servers = {"gateway", "rabbitmq", "mongodb"}
    assert default.names("ServiceAccount") == AUDIENCES.keys() | servers


def test_a_database_that_speaks_tls_has_the_ca_that_it_does_not_start_without():
    render = Render("", chart("--set=global.mongodb.tls=true,global.mongodb.server.tlsSecret=database"))
    (server,) = render.pods()["mongodb"]["spec"]["containers"]
    assert server["args"] == [
        "--tlsMode=requireTLS",
        "--tlsCertificateKeyFile=/run/skald/tls/tls-combined.pem",
        "--tlsCAFile=/run/skald/tls/ca.crt",
        "--tlsAllowConnectionsWithoutCertificates",
    ]


def test_a_database_without_tls_is_told_nothing(default):
    """Another server of the protocol knows other arguments."""
    (server,) = default.pods()["mongodb"]["spec"]["containers"]
    assert "args" not in server


@pytest.mark.parametrize("values", ["global.image.tag=2.0", "global.workload.resources.limits.memory=1Gi"])
def test_a_new_versions_database_users_are_made_by_a_job_of_another_name(default, values):
    """Tools that render every version as revision 1 would change the old Job, which cannot be."""
    (old,), (new,) = (
        [one for one in render.names("Job") if one.startswith("mongodb-users-1-")]
        for render in (default, Render("", chart(f"--set={values}")))
    )
    assert old != new


def test_the_same_versions_job_keeps_its_name(default):
    same = Render("", chart("--set=gateway.workload.lameDuckSeconds=40"))
    assert same.names("Job") == default.names("Job")


class Server:
    """The administrator's view of a server that knows some users."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.asked: list[tuple[str, str]] = []

    def command(self, name: str, user: str, **arguments: object) -> None:
        self.asked.append((name, user))
        if name == "createUser" and user in self.known:
            raise OperationFailure("User already exists", 51003)
        if name == "createUser" and user == "refused":
            raise OperationFailure("not authorized", 13)


@pytest.fixture(scope="module")
def users():
    spec = spec_from_file_location("users", "charts/mongodb/files/users.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_database_user_that_is_there_gets_its_new_password(users):
    server = Server("orders")
    for user in ("orders", "payments"):
        users.give_password(server, user, "secret", [])
    assert server.asked == [("createUser", "orders"), ("updateUser", "orders"), ("createUser", "payments")]


def test_any_other_refusal_of_a_database_user_ends_the_job(users):
    with pytest.raises(OperationFailure, match="not authorized"):
        users.give_password(Server(), "refused", "secret", [])


def kong(render) -> dict:
    return yaml.safe_load(render.get("ConfigMap", "gateway")["data"]["kong.yaml"])


def setting(render, name: str) -> str:
    container = render.pods()["gateway"]["spec"]["containers"][0]
    return next(one["value"] for one in container["env"] if one["name"] == name)


def test_kong_reads_the_gateways_one_file(default):
    assert (
        default.get("ConfigMap", "gateway")["data"]["kong.yaml"].strip()
        == Path("gateway-config/kong.yaml").read_text().strip()
    )


def test_kong_loads_exactly_the_plugins_that_the_file_uses(default):
    used = re.findall(
        r"^\s*-? ?name: ([a-z-]+)\n\s+config:", Path("gateway-config/kong.yaml").read_text(), re.MULTILINE
    )
    assert setting(default, "KONG_PLUGINS").split(",") == sorted(set(used))


def test_a_setting_of_kong_may_be_overridden():
    assert setting(Render("", chart("--set=gateway.workload.env.KONG_HEADERS=latency_tokens")), "KONG_HEADERS") == (
        "latency_tokens"
    )


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_from_outside_the_gateway_may_be_reached_without_losing_the_clients_address(kind):
    service = Render("", chart(f"--set=gateway.service.type={kind},gateway.service.externalTrafficPolicy=Local"))
    assert service.get("Service", "gateway")["spec"]["externalTrafficPolicy"] == "Local"


def test_inside_the_cluster_there_is_no_policy_for_traffic_from_outside(default):
    assert "externalTrafficPolicy" not in default.get("Service", "gateway")["spec"]


def test_in_production_nobody_chooses_the_address_that_limits_count():
    render = rendered("production")
    assert render.get("Service", "gateway")["spec"]["externalTrafficPolicy"] == "Local"
    assert "KONG_TRUSTED_IPS" not in {one["name"] for one in render.pods()["gateway"]["spec"]["containers"][0]["env"]}


def test_kongs_admin_interface_is_for_its_own_pod(default):
    assert setting(default, "KONG_ADMIN_LISTEN").startswith("127.0.0.1:")


def test_with_a_certificate_http_is_redirected():
    render = rendered("https")
    routes = [route for service in kong(render)["services"] for route in service["routes"]]
    assert {(tuple(route["protocols"]), route["https_redirect_status_code"]) for route in routes} == {(("https",), 308)}
    assert {port["name"]: port["port"] for port in render.get("Service", "gateway")["spec"]["ports"]} == {
        "http": 80, "https": 443,
    }  # fmt: skip


def test_the_gateways_targets_are_services_of_the_chart(default):
    for upstream in kong(default)["upstreams"]:
        for target in upstream["targets"]:
            host, port = target["target"].split(":")
            service = default.get("Service", host)["spec"]
            assert service["clusterIP"] == "None", "a sick pod is cut out alone"
            assert int(port) in {one["port"] for one in service["ports"]}
