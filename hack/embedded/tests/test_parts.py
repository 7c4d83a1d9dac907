from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import pytest

from hack.embedded.errors import PlatformError
from hack.embedded.parts.go import OLDEST, Toolchain, find_toolchain
from hack.embedded.parts.machine import refuse_unfit_machine
from hack.embedded.parts.programs import kubernetes_version, version_flags
from hack.embedded.parts.root import PROVEN, DebianRoot, get_mmdebstrap, refuse_unproven


def test_versions_that_were_proven_pass() -> None:
    refuse_unproven({"rabbitmq-server": "4.3.6-1", "postgresql-18": "18.6-3", "postgresql-18-documentdb": "1.0-0-1"})


def test_a_package_that_moved_on_is_named_with_both_versions() -> None:
    installed = {package: f"{begin}1" for package, begin in PROVEN.items()} | {"rabbitmq-server": "5.0.0-1"}
    with pytest.raises(PlatformError, match=r"rabbitmq-server is 5\.0\.0-1, proven is 4\.3\.\*") as caught:
        refuse_unproven(installed)
    assert "postgresql" not in str(caught.value)


def test_a_package_that_is_gone_is_named() -> None:
    with pytest.raises(PlatformError, match="postgresql-18-documentdb is absent"):
        refuse_unproven({"rabbitmq-server": "4.3.6", "postgresql-18": "18.6"})


def test_another_machine_is_told_at_once_where_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    with pytest.raises(PlatformError, match="this is Darwin on arm64") as caught:
        refuse_unfit_machine()
    assert "docs/chart.md" in caught.value.remedy


def test_who_is_not_root_is_told_why_and_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PlatformError, match="needs root") as caught:
        refuse_unfit_machine()
    assert "sudo make up" in caught.value.remedy


def test_a_missing_tool_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "unshare" else f"/bin/{tool}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PlatformError, match="unshare is missing") as caught:
        refuse_unfit_machine()
    assert caught.value.remedy == "apt-get install util-linux"


def test_without_apt_nobody_pretends_that_mmdebstrap_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PlatformError, match="mmdebstrap is missing"):
        get_mmdebstrap(tmp_path)


def fake_go(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


def test_a_go_that_is_new_enough_is_taken_from_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake_go(tmp_path / "bin", "go1.25.0")
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_toolchain(tmp_path, tmp_path) == Toolchain(program, "go1.25.0")
    assert OLDEST == (1, 25)


def test_an_old_go_is_passed_over_for_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{fake_go(tmp_path / 'bin', 'go1.19.8').parent}:{os.environ['PATH']}")

    def install(folder: Path, _: Path) -> None:
        fake_go(folder / "go" / "bin", "go1.25.5")

    monkeypatch.setattr("hack.embedded.parts.go._install_wheel", install)
    assert find_toolchain(tmp_path, tmp_path).version == "go1.25.5"


def test_the_programs_say_the_version_that_go_mod_requires() -> None:
    assert kubernetes_version("require (\n\tk8s.io/kubernetes v1.34.4\n)") == "1.34.4"
    assert "version.gitMinor=34 " in version_flags()
    with pytest.raises(PlatformError, match="requires no release"):
        kubernetes_version("require k8s.io/api v0.34.4")


def test_a_program_in_the_root_sees_its_state_and_the_given_variables_only() -> None:
    command = DebianRoot(Path("/root-folder")).command("postgres", Path("/state"), ["psql", "-q"], {"PGPORT": "5432"})
    assert command[1:4] == ("/root-folder", "postgres:postgres", "/state")
    assert command[-3:] == ("PGPORT=5432", "psql", "-q")
    assert "HOME=/inst" in command


def test_a_user_that_the_root_lacks_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\npostgres:x:101:101::/:/bin/sh\n")
    assert DebianRoot(tmp_path).uid("postgres") == 101
    with pytest.raises(PlatformError, match="no user 'rabbitmq'"):
        DebianRoot(tmp_path).uid("rabbitmq")
