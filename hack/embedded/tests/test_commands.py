"""The command line: what it prints, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from hack.embedded import instance as instance_module
from hack.embedded.__main__ import main


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(instance_module, "REPOSITORY", tmp_path)
    return tmp_path


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(command in said for command in ("up", "down", "status", "logs", "restart", "env", "secret"))


def test_a_failure_ends_with_1_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "ectd"]) == 1
    said = capsys.readouterr().err
    assert "logs failed: there is no log of ectd" in said
    assert "-> there are: " in said


def test_down_and_status_of_what_never_ran(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "nothing was running" in said
    assert "the instance main is not running" in said


def test_the_secret_of_a_client_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secret", "demo"]) == 0
    first = capsys.readouterr().out
    assert main(["secret", "demo"]) == 0
    assert capsys.readouterr().out == first
    assert len(first.strip()) >= 16
