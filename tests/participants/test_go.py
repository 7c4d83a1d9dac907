"""A participant written in Go, with SQLite: it passes the kit, and computes what the operator computes."""

from __future__ import annotations

import subprocess

import pytest

from .programs import build_go
from .vectors import COMMITTED, of_any_values


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    return build_go(tmp_path_factory.mktemp("go"))


def test_the_go_example_passes_the_kit(kit, programs, tmp_path, dead_letters):
    program = str(programs / "participant")
    verdict = kit.verdict([program], [program, "effects"], env={"DATABASE": str(tmp_path / "seats.db")})
    not_kept = {id_: check for id_, check in verdict.items() if check["outcome"] != "kept"}
    assert set(not_kept) == {"R7-horizon"}, not_kept
    assert dead_letters() > 0, "what nobody can act on is kept for whoever looks into it"


@pytest.mark.parametrize("vectors", [lambda _: COMMITTED, of_any_values], ids=["committed", "any values"])
def test_I1_R6_go_computes_what_python_computes(programs, tmp_path, vectors):
    env = {"VECTORS": str(vectors(tmp_path))}
    done = subprocess.run([programs / "wire.test"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
