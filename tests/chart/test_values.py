"""Values: what is refused, with which words, and that schema and reference say what values.yaml says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hack.chart.__main__ import stale
from hack.chart.helm import HelmError, helm, render, template
from hack.chart.values import ValuesError, read_values
from hack.embedded.parts.helm import LINES

WRONG = {
    "nope=1": "additional properties 'nope' not allowed",
    "global.publicUrl=shop.example.com": "at '/global/publicUrl': 'shop.example.com' does not match pattern",
    "global.publicUrl=https://shop.example.com/": "does not match pattern",
    "global.logLevel=TRACE": "at '/global/logLevel': value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'",
    "global.image.pullPolicy=Sometimes": "value must be one of 'Always', 'IfNotPresent', 'Never'",
    "global.workload.replicas=0": "at '/global/workload/replicas': minimum: got 0, want 1",
    "global.workload.autoscaling.cpu=1500": "at '/global/workload/autoscaling/cpu': maximum: got 1,500, want 1,000",
    "global.workload.resources.limits.memory=lots": "'lots' does not match pattern",
    "global.mongodb.port=0": "at '/global/mongodb/port': minimum: got 0, want 1",
    "global.mongodb.cidrs={10.0.0.1}": "'10.0.0.1' does not match pattern",
    "global.mongodb.existingSecrets.orders.key=uri": "missing property 'name'",
    "gateway.service.type=Ingress": "value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'",
    "gateway.service.externalTrafficPolicy=Global": "value must be one of 'Cluster', 'Local'",
    "namespace-policy.dns.cidrs={169.254.20.10}": "'169.254.20.10' does not match pattern",
    "namespace-policy.dns.ports={0}": "minimum: got 0, want 1",
    "global.rabbitmq.port=70000": "at '/global/rabbitmq/port': maximum: got 70,000, want 65,535",
    "gateway.image.digest=latest": "at '/gateway/image/digest'",
    "orders.web.replica=3": "additional properties 'replica' not allowed",
    "orders.api.replicas=3": "additional properties 'api' not allowed",
    "orders.web.env.SKALD_WEB_THREADS=8": "at '/orders/web/env/SKALD_WEB_THREADS': got number, want string",
    "payments.providerUrl=": "at '/payments/providerUrl'",
    "rabbitmq.storage.size=big": "at '/rabbitmq/storage/size'",
    "saga-operator.crds.keep=maybe": "at '/saga-operator/crds/keep': got string, want boolean",
}
"""What somebody might write, and what Helm answers."""

CONTRADICTIONS = {
    "mongodb.enabled=false": "name their Secret in global.mongodb.existingSecrets.identity",
    "rabbitmq.enabled=false": "name their Secret in global.rabbitmq.existingSecrets.saga-operator",
    "global.mongodb.serverPerService=true": "set mongodb.enabled to false",
    "global.mongodb.tls=true": "global.mongodb.server.tlsSecret",
    "global.rabbitmq.tls=true": "rabbitmq.tlsSecret",
    "test-provider.enabled=false": "name your payment provider in payments.providerUrl",
}
"""What the schema cannot see, and the value that the message names."""

SWITCHES = [
    "namespace-policy", "saga-operator", "gateway", "rabbitmq", "mongodb",
    "identity", "catalog", "orders", "inventory", "payments", "test-provider", "shipping",
]  # fmt: skip


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_value_is_refused_by_the_schema_with_its_place(value):
    with pytest.raises(HelmError) as refused:
        template("--set", value)
    assert WRONG[value] in str(refused.value)


@pytest.mark.parametrize("line", LINES)
def test_the_schema_holds_in_both_lines_of_helm(line):
    with pytest.raises(HelmError, match="service"):
        template("--set", "gateway.service.type=Ingress", line=line)


@pytest.mark.parametrize("value", CONTRADICTIONS)
def test_values_that_contradict_each_other_name_the_one_to_change(value):
    with pytest.raises(HelmError) as refused:
        template("--set", value)
    assert CONTRADICTIONS[value] in str(refused.value)


@pytest.mark.parametrize("kept", SWITCHES)
def test_each_part_can_be_installed_alone(kept):
    others = ",".join(f"{name}.enabled=false" for name in SWITCHES if name != kept)
    alone = ["--set", others, "--set", "global.demo.enabled=false,payments.providerUrl=https://pay.example.com"]
    for server in ("mongodb", "rabbitmq"):
        for user in [*SWITCHES[5:], "saga-operator"]:
            alone += ["--set", f"global.{server}.existingSecrets.{user}.name={user}"]
    names = {one["metadata"].get("labels", {}).get("app.kubernetes.io/name") for one in render(*alone)}
    assert names - {None, "tests"} <= {kept}


def test_a_render_that_cannot_see_the_cluster_asks_for_secrets_instead_of_changing_passwords():
    with pytest.raises(HelmError, match=r"name it in rabbitmq\.existingSecret"):
        helm(["template", "shop", ".", "--namespace", "shop"])


def test_with_secrets_of_ones_own_it_needs_no_cluster():
    secrets = ["rabbitmq.existingSecret=a", "global.mongodb.server.existingSecret=b", "global.demo.existingSecret=c"]
    users = {
        "mongodb": SWITCHES[5:],
        "rabbitmq": ["saga-operator", "orders", "inventory", "payments", "shipping"],
    }
    secrets += [f"global.{server}.existingSecrets.{user}.name={user}" for server in users for user in users[server]]
    text = helm(["template", "shop", ".", "--namespace", "shop", "--set", ",".join(secrets)])
    assert "kind: Secret" not in text


def test_what_is_generated_from_values_and_templates_is_up_to_date():
    assert stale() == [], "run python -m hack.chart"


def test_a_value_without_a_comment_is_refused(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text("a:\n  # Known.\n  b: 1\n  c: 2\n")
    with pytest.raises(ValuesError, match=r"values\.yaml:4: a\.c has no comment"):
        read_values(file)


def test_the_profiles_set_only_values_that_differ_from_the_default():
    defaults = yaml.safe_load(Path("values.yaml").read_text())
    for file in Path().glob("values-*.yaml"):
        assert not list(repeated(yaml.safe_load(file.read_text()), defaults)), file


def repeated(values, defaults, path=""):
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(defaults.get(key), dict):
            yield from repeated(value, defaults[key], f"{path}.{key}")
        elif defaults.get(key) == value:
            yield f"{path}.{key}"
