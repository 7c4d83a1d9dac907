"""The commands against a real API server, without an operator: statuses are written by the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import run as run_program
from typing import Any

import pytest
import yaml

from operators.saga.tests.cli.conftest import Run
from operators.saga.tests.cli.objects import stalled
from operators.saga.tests.component.kit.cluster import Cluster
from operators.saga.tests.component.kit.yard import CHAIN, Yard, step

JSON = dict[str, Any]
SCHEMA = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}


@pytest.fixture(scope="module")
def cluster(yard: Yard) -> Cluster:
    yard.cluster.define("chain", list(CHAIN), inputSchema=SCHEMA)
    yard.cluster.define("other", [step("a", "p")])
    return yard.cluster


def record(cluster: Cluster, name: str, **status: Any) -> None:
    """What an operator would write."""
    cluster.patch(cluster.path("sagas", name) + "/status", {"status": status})


def begin(cluster: Cluster, name: str, definition: str = "chain", **status: Any) -> JSON:
    created = cluster.start(name, definition, input={"order": name})
    if status:
        record(cluster, name, **status)
    return created


def test_list_filters_and_orders_what_the_api_server_has(cluster: Cluster, run: Run) -> None:
    begin(cluster, "list-stuck", phase="Running", reason="Unroutable", conditions=[stalled()])
    begin(cluster, "list-ended", phase="Succeeded")
    begin(cluster, "list-other", "other", phase="Running")
    begin(cluster, "list-runs", phase="Running")

    def names(*arguments: str) -> list[str]:
        said = run("list", "-o", "name", *arguments).stdout.split()
        return [name.split("/")[1] for name in said if "/list-" in name]

    assert names()[0] == "list-stuck"
    assert names()[-1] == "list-ended"
    assert names("--stalled") == ["list-stuck"]
    assert names("--definition", "other") == ["list-other"]
    assert names("--phase", "running", "--definition", "chain") == ["list-stuck", "list-runs"]
    assert set(names("--phase", "Succeeded", "--phase", "Running")) == {
        "list-stuck",
        "list-runs",
        "list-other",
        "list-ended",
    }
    assert names("-A")[0] == "list-stuck"


def test_list_as_documents_and_tables(cluster: Cluster, run: Run) -> None:
    begin(cluster, "documents", phase="Running", progress="1/3")
    for form, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        listed = read(run("list", "-o", form, "--definition", "chain").stdout)
        assert listed["kind"] == "List"
        assert "documents" in [item["metadata"]["name"] for item in listed["items"]]
    assert run("list").stdout.startswith("NAME")
    assert "DEFINITION   DIRECTION   ATTEMPTS" in run("list", "-o", "wide").stdout.split("\n")[0]
    assert run("list", "-A").stdout.startswith("NAMESPACE")


def test_list_says_what_to_do_when_there_is_nothing(run: Run) -> None:
    empty = run("list", "-n", "kube-public", "--namespace", "default", "--definition", "none")
    assert empty.exit_code == 0
    assert (empty.stdout, empty.stderr.startswith("No such sagas in namespace")) == ("", True)


def test_get_shows_a_page_and_the_object(cluster: Cluster, run: Run) -> None:
    steps = {"reserve": {"state": "Succeeded", "attempts": 1, "output": {"did": "reserve"}}}
    begin(cluster, "got", phase="Running", progress="1/3", steps=steps)
    page = run("get", "got").stdout
    assert 'reserve   Succeeded   1                 {"did": "reserve"}' in page
    assert 'Input: {"order": "got"}' in page
    assert "kubectl saga plan got -n " in page
    assert json.loads(run("get", "got", "-o", "json").stdout)["kind"] == "Saga"
    assert yaml.safe_load(run("get", "got", "-o", "yaml").stdout)["spec"]["input"] == {"order": "got"}
    assert run("get", "got", "-o", "name").stdout == "saga.skald.dev/got\n"
    assert run("get", "got", "-o", "wide").stdout.splitlines()[1].split()[0] == "got"


def test_timeline_and_plan_read_what_is_stored(cluster: Cluster, run: Run) -> None:
    steps = {
        "reserve": {
            "state": "Succeeded",
            "attempts": 2,
            "failures": 1,
            "output": {"did": "r"},
            "startedAt": "2026-01-01T00:00:00.000Z",
            "finishedAt": "2026-01-01T00:00:01.000Z",
        }
    }
    begin(cluster, "told", phase="Running", steps=steps, startTime="2026-01-01T00:00:00.000Z")
    assert "reserve succeeded at attempt 2 (1 failed)" in run("timeline", "told").stdout
    story = json.loads(run("timeline", "told", "-o", "json").stdout)
    assert story["steps"][0] == {
        "step": "reserve",
        "command": "inventory.reserve",
        "state": "Succeeded",
        "attempts": 2,
        "failures": 1,
        "start": "2026-01-01T00:00:00.000Z",
        "end": "2026-01-01T00:00:01.000Z",
    }
    plan = yaml.safe_load(run("plan", "told", "-o", "yaml").stdout)
    assert plan["outcome"] == "TurnsBack"
    assert [(each["step"], each["certain"]) for each in plan["undone"]] == [("charge", False), ("reserve", True)]


@pytest.mark.parametrize("command", ["get", "timeline", "plan", "cancel", "watch"])
def test_a_name_that_does_not_exist_brings_the_nearest(command: str, cluster: Cluster, run: Run) -> None:
    if cluster.call("GET", cluster.path("sagas") + "?fieldSelector=metadata.name=nearest-one")["items"] == []:
        begin(cluster, "nearest-one")
    result = run(command, "nearest-on")
    assert result.exit_code == 1
    assert f"error: there is no saga nearest-on in namespace {cluster.namespace}" in result.stderr
    assert "Did you mean nearest-one" in result.stderr


def test_start_creates_a_saga_with_the_input(cluster: Cluster, run: Run, write: Callable[[JSON], Path]) -> None:
    file = write({"order": "7"})
    result = run("start", "-f", file, "--definition", "chain", "--name", "started")
    assert (result.exit_code, result.stdout) == (0, "saga.skald.dev/started started\n")
    assert cluster.saga("started")["spec"]["input"] == {"order": "7"}
    managers = [entry["manager"] for entry in cluster.saga("started")["metadata"]["managedFields"]]
    assert managers == ["kubectl-saga"]


def test_start_twice_is_one_saga_but_not_with_another_input(
    cluster: Cluster, run: Run, write: Callable[[JSON], Path]
) -> None:
    arguments = ("start", "-f", write({"order": "7"}), "--definition", "chain", "--name", "twice")
    assert run(*arguments).exit_code == 0
    again = run(*arguments)
    assert (again.exit_code, again.stdout) == (0, "saga.skald.dev/twice was started before with the same input\n")
    write({"order": "8"})
    other = run(*arguments)
    assert other.exit_code == 1
    assert "there is a saga twice already, with another definition or input" in other.stderr


def test_start_without_a_name_takes_the_definitions(cluster: Cluster, run: Run) -> None:
    result = run("start", "-f", "-", "--definition", "chain", stdin="order: nameless")
    assert result.exit_code == 0, result.output
    name = result.stdout.split()[0].removeprefix("saga.skald.dev/")
    assert name.startswith("chain-")
    assert cluster.saga(name)["spec"]["input"] == {"order": "nameless"}


@pytest.mark.parametrize(
    ("given", "definition", "sentence"),
    [
        ("{}", "chain", 'the input does not fit the definition chain: input: "order" is a required property'),
        ("order: a", "chian", "Did you mean chain"),
        ("[1]", "chain", "must hold one object"),
        ("a: 1\n---\nb: 2", "chain", "must hold one object"),
    ],
)
def test_start_refuses_what_would_fail(given: str, definition: str, sentence: str, cluster: Cluster, run: Run) -> None:
    result = run("start", "-f", "-", "--definition", definition, stdin=given)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_the_api_servers_refusal_is_told_in_its_words(cluster: Cluster, run: Run) -> None:
    result = run("start", "-f", "-", "--definition", "chain", "--name", "Not_A_Name", stdin="order: a")
    assert result.exit_code == 1
    assert 'Saga.skald.dev "Not_A_Name" is invalid' in result.stderr


def test_cancel_sets_the_field_once(cluster: Cluster, run: Run) -> None:
    begin(cluster, "cancelled", phase="Running")
    result = run("cancel", "cancelled")
    assert result.exit_code == 0, result.output
    assert cluster.saga("cancelled")["spec"]["cancel"] is True
    assert run("cancel", "cancelled").exit_code == 0


def test_cancel_refuses_what_it_cannot_change_and_says_which(cluster: Cluster, run: Run) -> None:
    steps = {
        name: {"state": "Succeeded", "finishedAt": "2026-01-01T00:00:00Z"} for name in ("reserve", "charge", "ship")
    }
    begin(cluster, "too-late", phase="Running", steps=steps)
    begin(cluster, "over", phase="Succeeded")
    begin(cluster, "in-time", phase="Running")
    result = run("cancel", "too-late", "over", "in-time")
    assert result.exit_code == 1
    assert "saga too-late cannot be cancelled: every step has run" in result.stderr
    assert "saga over cannot be cancelled: it has ended as Succeeded" in result.stderr
    assert "2 of 3 sagas were not cancelled" in result.stderr
    assert cluster.saga("in-time")["spec"]["cancel"] is True
    assert "cancel" not in cluster.saga("too-late")["spec"]


def test_graph_reads_the_cluster(cluster: Cluster, run: Run) -> None:
    assert "payments.charge" in run("graph", "chain").stdout
    assert "Did you mean chain" in run("graph", "chair").stderr


def test_forbidden_says_who_may_not_do_what(cluster: Cluster, run: Run, as_operator: Path) -> None:
    begin(cluster, "forbidden")
    result = run("cancel", "forbidden", "--kubeconfig", as_operator)
    assert result.exit_code == 1
    assert 'cannot patch resource "sagas"' in result.stderr
    assert "Ask the cluster's administrator for a role" in result.stderr


def test_wrong_credentials_and_an_absent_server_are_told_apart(parts: Any, run: Run, tmp_path: Path) -> None:
    config = yaml.safe_load(parts.kubeconfig.read_text())
    file = tmp_path / "config"
    config["users"][0]["user"] = {"token": "wrong"}
    file.write_text(yaml.safe_dump(config))
    assert "does not know you" in run("list", "--kubeconfig", file).stderr
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    file.write_text(yaml.safe_dump(config))
    refused = run("list", "--kubeconfig", file)
    assert "the API server https://127.0.0.1:1 does not answer" in refused.stderr
    assert f"The address comes from context skald of {file}." in refused.stderr


def test_a_server_with_another_certificate_is_not_trusted(parts: Any, run: Run, tmp_path: Path) -> None:
    config = yaml.safe_load(parts.kubeconfig.read_text())
    del config["clusters"][0]["cluster"]["certificate-authority"]
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    assert "CERTIFICATE_VERIFY_FAILED" in run("list", "--kubeconfig", file).stderr


def test_the_embedded_platforms_kubectl_has_the_plugin(cluster: Cluster, yard: Yard, parts: Any) -> None:
    begin(cluster, "by-kubectl")
    said = run_program(
        [parts.kubectl, "saga", "list", "-o", "name", "-n", yard.namespace], capture_output=True, text=True, check=True
    )
    assert "saga.skald.dev/by-kubectl" in said.stdout.split()
