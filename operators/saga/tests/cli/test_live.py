"""With a running operator: what ``plan`` foretells is what happens, and who waits is told."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from skald_wire import Command

from operators.saga.tests.cli.conftest import Run
from operators.saga.tests.cli.terminals import BIN, on_a_terminal
from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Decline, Participant
from operators.saga.tests.component.kit.yard import Yard, step

JSON = dict[str, Any]
STEPS = (
    step("book", "inventory", input={"trip": "$(input.trip)"}),
    step("hold", "payments", compensation={"command": "free", "input": {"booking": "$(steps.book.output.did)"}}),
    step("send", "shipping", pivot=True),
)
"""``send`` is never answered, so that a saga stands still at its pivot until it is cancelled."""


@pytest.fixture(scope="module")
def participants(yard: Yard) -> Iterator[list[Participant]]:
    yard.operator().start()
    served = [yard.participant("inventory"), yard.participant("payments")]
    yard.participant("shipping", {"send": lambda _: None})
    yard.define("trip", *STEPS)
    yard.define("stay", *STEPS[:2])
    yield served
    yard.cluster.abandon_all()


def compensations(participants: list[Participant], saga: str) -> list[JSON]:
    """What arrived, in the words of ``plan``, however often each was sent."""
    arrived = {
        message.address.command_id: {
            "step": message.address.step,
            "participant": message.address.participant,
            "command": message.address.command,
            "commandId": message.address.command_id,
            "input": dict(message.input),
        }
        for participant in participants
        for message in participant.messages(saga)
        if isinstance(message, Command) and message.address.direction == "Backward"
    }
    return list(arrived.values())


def test_I5_the_plan_is_what_a_cancel_then_does(
    participants: list[Participant], yard: Yard, run: Run, write: Callable[[JSON], Path]
) -> None:
    started = run("start", "-f", write({"trip": "t-1"}), "--definition", "trip", "--name", "planned")
    assert started.exit_code == 0, started.output
    eventually("at its pivot", lambda: yard.cluster.saga("planned")["status"].get("currentSteps") == "send")
    plan = json.loads(run("plan", "planned", "-o", "json").stdout)
    assert [(each["step"], each["pivot"]) for each in plan["asked"]] == [("send", True)]
    assert [(each["order"], each["step"]) for each in plan["undone"]] == [(1, "hold"), (2, "book")]
    assert run("list").stdout.splitlines()[1].split()[:4] == ["planned", "Running", "2/3", "send"]

    assert run("cancel", "planned").exit_code == 0
    watched = run("watch", "planned")
    assert watched.stdout.splitlines()[-1] == "planned  Compensated  0/3  CancelRequested"
    expected = [
        {key: each[key] for key in ("step", "participant", "command", "commandId", "input")} for each in plan["undone"]
    ]
    done = compensations(participants, "planned")
    assert sorted(done, key=lambda each: each["step"]) == sorted(expected, key=lambda each: each["step"])
    story = run("timeline", "planned").stdout
    assert "kubectl-saga  asked for a cancel" in story
    assert "book is undone by inventory.undo-book" in story
    assert run("cancel", "planned").exit_code == 1


def test_I6_people_decide_and_the_saga_goes_on(participants: list[Participant], yard: Yard, run: Run) -> None:
    participants[1].script["label"] = lambda _: Decline("NoPaper", "the printer is empty", retryable=True)
    yard.define(
        "judged",
        {"name": "review", "approval": {"expiresAfter": "5m"}},
        step("pay", "payments", pivot=True),
        step("label", "payments", compensation=None, retryPolicy={"nonRetryableErrors": ["NoPaper"]}),
        step("note", "inventory", compensation=None, input={"label": "$(steps.label.output.number)"}),
    )
    yard.cluster.start("judged", "judged")
    yard.cluster.wait("judged", "Waiting")
    assert "a person: approve or reject review" in run("list").stdout
    approved = run("approve", "judged", "--reason", "Looks fine")
    assert "judged: Approve review was applied" in approved.output

    eventually("stalled", lambda: yard.cluster.stalled("judged") == "StepFailed")
    skipped = run("skip", "judged", "--reason", "Not needed")
    assert skipped.exit_code == 1
    assert "Skip label was refused: other steps use the output of step label" in skipped.stderr
    completed = run("complete", "judged", "--output", '{"number": "L-7"}', "--reason", "Written by hand")
    participants[1].reset()
    assert "judged: Complete label was applied" in completed.output

    yard.cluster.wait("judged", "Succeeded")
    assert participants[0].inputs("judged") == [{"label": "L-7"}]
    story = run("timeline", "judged").stdout
    for told in ("decided Approve review: Looks fine", "(refused: ", "decided Complete label: Written by hand"):
        assert told in story


def test_a_suspended_saga_waits_to_be_resumed(participants: list[Participant], yard: Yard, run: Run) -> None:
    yard.cluster.start("held", "stay", input={"trip": "t-9"}, suspend=True)
    yard.cluster.wait("held", "Suspended")
    assert "a person: resume" in run("list").stdout
    assert run("resume", "held").exit_code == 0
    yard.cluster.wait("held", "Succeeded")


def test_start_waits_for_the_end(participants: list[Participant], run: Run, write: Callable[[JSON], Path]) -> None:
    arguments = ("start", "-f", write({"trip": "t-2"}), "--definition", "stay", "--wait")
    succeeded = run(*arguments, "--name", "waited")
    assert succeeded.exit_code == 0
    assert "saga.skald.dev/waited Succeeded after " in succeeded.stdout
    participants[1].script["hold"] = lambda _: Decline("NoMoney")
    refused = run(*arguments, "--name", "refused")
    participants[1].reset()
    assert refused.exit_code == 1
    assert "saga refused is Compensated after " in refused.stderr
    assert "because of hold: NoMoney" in refused.stderr


def test_a_terminal_sees_the_story_grow_until_the_end(participants: list[Participant], parts: Any, yard: Yard) -> None:
    yard.cluster.start("seen", "stay", input={"trip": "t-3"})
    shown = on_a_terminal(["watch", "seen", "-n", yard.namespace], str(parts.kubeconfig))
    assert "seen (stay): " in shown
    assert "Succeeded" in shown
    assert "\x1b[" in shown


@pytest.mark.usefixtures("heed_ctrl_c")
def test_a_namespace_is_watched_until_ctrl_c(participants: list[Participant], parts: Any, yard: Yard) -> None:
    arguments = [BIN / "kubectl-saga", "watch", "-n", yard.namespace, "--kubeconfig", parts.kubeconfig]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        yard.cluster.start("passing", "stay", input={"trip": "t-4"})
        while not program.stdout.readline().startswith("passing  Succeeded  2/2"):
            assert program.poll() is None
        program.send_signal(signal.SIGINT)
        assert (program.wait(30), program.stderr.read() if program.stderr else "") == (0, "")


@pytest.mark.usefixtures("heed_ctrl_c")
def test_a_terminal_shows_the_whole_namespace(participants: list[Participant], parts: Any, yard: Yard) -> None:
    yard.cluster.start("shown", "stay", input={"trip": "t-5"})
    shown = on_a_terminal(["watch", "-n", yard.namespace], str(parts.kubeconfig), stop_at="shown ")
    assert f"sagas in {yard.namespace}: " in shown


@pytest.mark.usefixtures("participants")
def test_a_saga_nested_too_deep_for_a_decoder_is_shown_like_any_other(yard: Yard, run: Run) -> None:
    yard.define("plain", step("hold", "inventory", pivot=True))
    yard.cluster.start_nested("bottomless", "plain", 9_900)
    yard.cluster.wait("bottomless", "Compensated")
    assert run("watch", "bottomless").stdout.splitlines()[-1] == "bottomless  Compensated  0/1  InvalidInput"
    for command in (["list"], ["get", "bottomless"], ["timeline", "bottomless"], ["get", "bottomless", "-o", "json"]):
        shown = run(*command)
        assert shown.exit_code == 0, shown.output
        assert "bottomless" in shown.stdout
