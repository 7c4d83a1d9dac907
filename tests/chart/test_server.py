"""A real API server takes everything that is rendered, without an error or a warning. Its namespace enforces Pod
Security `restricted`, and warns of every pod template that falls short of it.
"""

from __future__ import annotations

import re
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

from hack.chart.helm import helm, template
from hack.embedded.manifests import NAMESPACE_FILE, renamed
from tests.chart.renders import PROFILES

FOREIGN = ("monitoring.coreos.com/", "keda.sh/", "cert-manager.io/")
"""Kinds of others, which this API server does not know."""

SIGHTED = ("--dry-run=server", "--set=saga-operator.crds.install=false")
"""Helm sees the cluster and changes nothing; what exists once in it is the embedded platform's there."""


@pytest.fixture(scope="module")
def kubectl(parts):
    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
        command = [str(parts.kubectl), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def namespace(kubectl):
    """A namespace like the shop's, with nothing in it."""
    name = f"chart-{uuid.uuid4().hex[:8]}"
    (shop,) = yaml.safe_load_all(Path(NAMESPACE_FILE).read_text())
    assert kubectl("apply", "-f", "-", stdin=yaml.safe_dump(renamed(shop, name))).returncode == 0
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def objects(namespace: str, profile: str) -> list[dict]:
    text = template("--namespace", namespace, *PROFILES[profile])
    rendered = yaml.load_all(text, yaml.CSafeLoader)
    return [one for one in rendered if one and not one["apiVersion"].startswith(FOREIGN)]


@pytest.fixture(scope="module")
def default_objects(namespace) -> list[dict]:
    return objects(namespace, "default")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_api_server_takes_every_object_without_a_warning(kubectl, namespace, default_objects, profile):
    """Of the other profiles, what is not in the default one."""
    shown = objects(namespace, profile)
    if profile != "default":
        shown = [one for one in shown if one not in default_objects]
    done = kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.dump_all(shown, Dumper=yaml.CSafeDumper))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(shown)


@pytest.fixture(scope="module")
def seen(parts, namespace):
    """The Secrets of a render that sees the cluster."""

    def run(*options: str) -> dict[str, dict]:
        command = ["template", "shop", ".", "--namespace", namespace, *SIGHTED, *options]
        shown = yaml.safe_load_all(helm(command, env={"KUBECONFIG": str(parts.kubeconfig)}))
        return {one["metadata"]["name"]: one for one in shown if one and one["kind"] == "Secret"}

    return run


def test_a_helm_that_sees_the_cluster_makes_a_secret_for_each_credential(seen, kubectl, namespace):
    secrets = seen()
    assert {"rabbitmq-admin", "mongodb-admin", "demo-clients", "orders-rabbitmq", "orders-mongodb"} <= secrets.keys()
    passwords = {one["stringData"].get("password", name) for name, one in secrets.items()}
    assert len(passwords) == len(secrets), "no two alike"
    done = kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump_all(secrets.values()))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_password_that_is_there_stays(seen, kubectl, namespace):
    first = seen()["orders-rabbitmq"]
    first["stringData"]["password"] = "kept"
    first["metadata"]["annotations"] |= {
        "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": namespace,
    }  # fmt: skip
    assert kubectl("apply", "-f", "-", stdin=yaml.safe_dump(first)).returncode == 0
    uri = f"amqp://orders:kept@rabbitmq:5672/{namespace}"
    assert seen()["orders-rabbitmq"]["stringData"] == {"password": "kept", "uri": uri}


@pytest.mark.parametrize(("port", "expected"), [(0, 5671), (5678, 5678)])
def test_clients_speak_tls_where_the_charts_own_broker_listens_for_it(seen, namespace, port, expected):
    secrets = seen(f"--set=global.rabbitmq.tls=true,rabbitmq.tlsSecret=t,global.rabbitmq.port={port}")
    uri = secrets["orders-rabbitmq"]["stringData"]["uri"]
    assert uri.startswith("amqps://orders:")
    assert uri.endswith(f"@rabbitmq:{expected}/{namespace}")


def test_after_an_install_three_commands_are_named(parts, kubectl, namespace):
    said = helm(["install", "shop", ".", "--namespace", namespace, *SIGHTED], env={"KUBECONFIG": str(parts.kubeconfig)})
    notes = said[said.index("\nNOTES:\n") :]
    assert re.findall(r"^  (\d)\. ", notes, re.MULTILINE) == ["1", "2", "3"]
    assert f"helm test shop -n {namespace}" in notes
