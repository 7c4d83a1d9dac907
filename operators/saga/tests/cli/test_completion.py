"""What the shells are offered, and what the program says of itself."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run as run_program
from typing import Any

import click
import pytest
from click.testing import CliRunner
from kubectl_saga.main import COMMANDS, saga
from kubectl_saga.session import Session

from operators.saga.tests.component.kit.yard import Yard

BIN = Path(sys.executable).parent


def test_names_are_completed_for_kubectl_and_the_shells(yard: Yard, parts: Any) -> None:
    yard.cluster.start("completed-saga", "none")
    environment = {"KUBECONFIG": str(parts.kubeconfig), "PATH": f"{BIN}:/usr/bin:/bin"}
    words = ["get", "-n", yard.namespace, "completed"]
    for_kubectl = run_program(
        ["kubectl_complete-saga", *words], env=environment, capture_output=True, text=True, check=True
    )
    assert for_kubectl.stdout == "completed-saga\n:4\n"
    line = " ".join(["kubectl-saga", *words])
    environment |= {"_KUBECTL_SAGA_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "4"}
    for_bash = run_program(["kubectl-saga"], env=environment, capture_output=True, text=True, check=True)
    assert for_bash.stdout == "plain,completed-saga\n"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_each_shell_gets_a_script(shell: str) -> None:
    result = CliRunner().invoke(saga, ["completion", shell])
    assert f"_KUBECTL_SAGA_COMPLETE={shell}_complete" in result.stdout


def test_the_listing_says_what_each_command_says_of_itself() -> None:
    for name, summary in COMMANDS.items():
        command = saga.get_command(click.Context(saga), name)
        assert command is not None
        assert str(command.help).split("\n")[0].strip() == summary


def test_the_next_command_line_keeps_namespace_and_cluster() -> None:
    session = Session()
    session.namespace, session.context = "shop", "kind"
    assert session.again("plan x") == "kubectl saga plan x -n shop --context kind"


def test_commands_and_options_are_completed_without_a_cluster() -> None:
    environment = {"KUBECONFIG": "/nowhere", "PATH": f"{BIN}:/usr/bin:/bin"}

    def offered(*words: str) -> list[str]:
        done = run_program(
            ["kubectl_complete-saga", *words], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split("\n")

    assert offered("ti") == ["timeline\tTell who did what when, with attempts and gaps.", ":4", ""]
    assert offered("list", "--st")[0].startswith("--stalled\t")
    assert offered("get", "") == [":4", ""]
    assert offered("lint", "") == [":0", ""]
