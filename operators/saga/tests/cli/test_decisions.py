"""The commands that decide, against a real API server; the operator's answer is written by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from kubectl_saga.completion import steps_to
from kubectl_saga.main import saga as cli
from kubectl_saga.session import Session

from operators.saga.tests.cli.conftest import Run
from operators.saga.tests.component.kit.cluster import Cluster, eventually
from operators.saga.tests.component.kit.yard import CHAIN, Yard

JSON = dict[str, Any]
STUCK = {"charge": {"state": "Running", "attempts": 9, "stalledSince": "2026-01-01T00:00:00Z"}}
Decided = Callable[..., Future[Result]]


@pytest.fixture(scope="module")
def cluster(yard: Yard) -> Cluster:
    review = {"name": "review", "approval": {"expiresAfter": "1m"}}
    yard.cluster.define("chain", [*CHAIN[:2], review, *CHAIN[2:]])
    return yard.cluster


@pytest.fixture
def run_aside(run: Run) -> Iterator[Decided]:
    """Run a command that waits, beside the test that answers it."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda *arguments: pool.submit(run, *arguments)


def begin(cluster: Cluster, name: str, **status: Any) -> None:
    cluster.start(name, "chain", input={"order": name})
    cluster.patch(cluster.path("sagas", name) + "/status", {"status": {"phase": "Running", **status}})


def decision_about(cluster: Cluster, saga: str) -> JSON:
    def found() -> list[JSON]:
        every = cluster.call("GET", cluster.path("sagadecisions"))["items"]
        return [each for each in every if each["spec"]["saga"] == saga]

    return eventually(f"a decision about {saga}", found)[0]


def answer(cluster: Cluster, saga: str, state: str, message: str) -> JSON:
    """What an operator would write."""
    decision = decision_about(cluster, saga)
    path = cluster.path("sagadecisions", decision["metadata"]["name"]) + "/status"
    return cluster.patch(path, {"status": {"state": state, "message": message, "appliedAt": "2026-01-01T00:00:01Z"}})


def test_a_decision_is_made_in_ones_own_name_and_what_became_of_it_is_told(
    cluster: Cluster, run_aside: Decided
) -> None:
    begin(cluster, "retried", steps=STUCK)
    deciding = run_aside("retry", "retried", "--reason", "The provider is back")
    decision = answer(cluster, "retried", "Applied", "payments.charge is sent again")
    result = deciding.result(60)
    assert result.exit_code == 0, result.output
    said = "saga.skald.dev/retried: Retry charge was applied; look at it with: kubectl saga watch retried -n "
    assert result.stdout == f"{said}{cluster.namespace}\n"
    assert decision["spec"] == {
        "saga": "retried",
        "step": "charge",
        "action": "Retry",
        "by": decision["spec"]["by"],
        "reason": "The provider is back",
    }
    assert decision["metadata"]["name"].startswith("retried-retry-")
    (owner,) = decision["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Saga", cluster.saga("retried")["metadata"]["uid"])


def test_a_refused_decision_is_a_failure_with_the_operators_reason(cluster: Cluster, run_aside: Decided) -> None:
    begin(cluster, "ran", steps=STUCK)
    deciding = run_aside("skip", "ran", "charge", "--reason", "Not needed")
    answer(cluster, "ran", "Refused", "it ran")
    result = deciding.result(60)
    assert result.exit_code == 1
    assert "error: saga.skald.dev/ran: Skip charge was refused: it ran" in result.stderr


def test_a_step_is_completed_with_an_output_from_the_line_or_from_a_file(
    cluster: Cluster, run: Run, write: Callable[[JSON], Path]
) -> None:
    file = write({"did": "by hand"})
    for name, output in (("said", '{"did": "by hand"}'), ("read", f"@{file}")):
        begin(cluster, name, steps=STUCK)
        result = run("complete", name, "--output", output, "--reason", "Ticket 88", "--no-wait")
        assert result.exit_code == 0, result.output
        assert decision_about(cluster, name)["spec"]["output"] == {"did": "by hand"}


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("{no", "--output is no JSON"),
        ("[1]", "--output must be a JSON object"),
        ("@/nowhere", "/nowhere cannot be read: No such file or directory"),
    ],
)
def test_an_output_that_is_none_is_refused(output: str, sentence: str, run: Run) -> None:
    result = run("complete", "any", "step", "--output", output, "--reason", "Ticket 88")
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_an_approval_is_given_and_refused_without_waiting(cluster: Cluster, run: Run) -> None:
    waiting = {"review": {"state": "Running", "startedAt": "2026-01-01T00:00:00Z"}}
    for name, command in (("approved", "approve"), ("rejected", "reject")):
        begin(cluster, name, phase="Waiting", steps=waiting)
        result = run(command, name, "--reason", "Looked at it", "--no-wait")
        decision = decision_about(cluster, name)
        assert result.stdout.startswith(f"sagadecision.skald.dev/{decision['metadata']['name']} created: ")
        assert (decision["spec"]["action"].lower(), decision["spec"]["step"]) == (command, "review")


def test_a_saga_is_given_up_as_a_whole(cluster: Cluster, run: Run) -> None:
    begin(cluster, "given-up")
    assert run("abort", "given-up", "--reason", "Settled by phone", "--no-wait").exit_code == 0
    assert "step" not in decision_about(cluster, "given-up")["spec"]


def test_a_decision_without_a_reason_is_not_made(cluster: Cluster, run: Run) -> None:
    result = run("abort", "anything")
    assert result.exit_code == 2
    assert "Missing option '--reason'" in result.stderr


def test_what_is_decided_too_late_or_about_nothing_creates_no_decision(cluster: Cluster, run: Run) -> None:
    begin(cluster, "ended", phase="Succeeded")
    begin(cluster, "healthy")
    ended = run("abort", "ended", "--reason", "r")
    assert "saga ended has ended as Succeeded, so nothing is left to decide" in ended.stderr
    healthy = run("retry", "healthy", "--reason", "r")
    assert "no step of saga healthy is stalled" in healthy.stderr
    assert "What it does now: kubectl saga get healthy" in healthy.stderr
    decisions = cluster.call("GET", cluster.path("sagadecisions"))["items"]
    assert not [each for each in decisions if each["spec"]["saga"] in ("ended", "healthy")]


def test_who_may_not_decide_is_told_which_role_to_ask_for(cluster: Cluster, run: Run, as_operator: Path) -> None:
    begin(cluster, "not-yours", steps=STUCK)
    result = run("retry", "not-yours", "--reason", "r", "--kubeconfig", as_operator)
    assert result.exit_code == 1
    assert 'cannot create resource "sagadecisions"' in result.stderr
    assert "saga-decider" in result.stderr


def test_steps_are_completed_by_what_can_be_decided_about_them(cluster: Cluster, run: Run) -> None:
    begin(cluster, "tabbed", steps=STUCK)
    session = Session()
    session.namespace = cluster.namespace
    context = click.Context(cli, obj=session)
    context.params = {"name": "tabbed"}
    offered = steps_to("Retry")(context, click.Argument(["step"]), "ch")
    assert [item.value for item in offered] == ["charge"]
    assert steps_to("Approve")(context, click.Argument(["step"]), "") == []


def test_sagas_are_held_and_let_go(cluster: Cluster, run: Run) -> None:
    begin(cluster, "held")
    held = run("suspend", "held")
    assert held.exit_code == 0, held.output
    assert cluster.saga("held")["spec"]["suspend"] is True
    assert "saga.skald.dev/held goes on" in run("resume", "held").stdout
    assert cluster.saga("held")["spec"]["suspend"] is False
    assert run("resume", "held").stdout == "saga.skald.dev/held was not suspended\n"
