"""docs/kubectl-saga.md shows what the commands print: each is run again on what was recorded, and compared.

WRITE_GOLDEN=1 writes what they print into the page, to be looked at in the diff.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner
from kubectl_saga.kube.api import Api
from kubectl_saga.kube.sagas import Sagas
from kubectl_saga.main import COMMANDS
from kubectl_saga.main import saga as cli
from kubectl_saga.session import Session

from operators.saga.tests.cli.objects import REPOSITORY
from operators.saga.tests.cli.world import RecordedApi

PAGE = REPOSITORY / "docs" / "kubectl-saga.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^\$ kubectl saga (.+)$", re.MULTILINE)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    """The recorded world, and a folder with the files that the page names."""
    recorded = RecordedApi()
    (tmp_path / "manifests").symlink_to(REPOSITORY / "manifests")
    declined = recorded.get("/namespaces/shop/sagas/order-4710")["spec"]["input"]
    (tmp_path / "input.json").write_text(json.dumps(declined))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("time.time", lambda: recorded.now)
    return recorded


def printed(api: RecordedApi, line: str) -> str:
    session = Session()
    session.__dict__["sagas"] = Sagas(cast("Api", api), "shop")
    return CliRunner().invoke(cli, shlex.split(line), obj=session, prog_name="kubectl saga").output


def without_numbers(text: str) -> list[str]:
    """What the simulator tries changes with every change of the rules; how it is told does not."""
    return [re.sub(r"[0-9,]+", "N", line) for line in text.split("\n") if "sagas ended" not in line]


def test_every_command_prints_what_the_page_shows(api: RecordedApi) -> None:
    page = PAGE.read_text("utf-8")

    def again(block: re.Match[str]) -> str:
        lines = COMMAND.findall(block[1])
        fresh = "```console\n" + "\n".join(f"$ kubectl saga {line}\n{printed(api, line)}" for line in lines) + "```"
        return block[0] if "saga simulate" in fresh and without_numbers(fresh) == without_numbers(block[0]) else fresh

    fresh = BLOCK.sub(again, page)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(fresh, "utf-8")
    assert fresh.split("\n") == page.split("\n")


def test_the_flowchart_is_the_one_that_graph_draws(api: RecordedApi) -> None:
    drawn = printed(api, "graph --mermaid manifests/samples/review-order-v1.yaml")
    assert f"```mermaid\n{drawn}```" in PAGE.read_text("utf-8")


def test_the_page_has_every_command() -> None:
    page = PAGE.read_text("utf-8")
    shown = {line.split()[0] for line in COMMAND.findall(page)}
    in_table = set(re.findall(r"^\| `([a-z]+)", page.partition("\n## ")[0], re.MULTILINE))
    assert in_table == set(COMMANDS)
    told_in_words = {"suspend", "resume", "reject", "skip", "watch", "completion"}
    assert shown == set(COMMANDS) - told_in_words
