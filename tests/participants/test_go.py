"""A participant written in Go, with SQLite: it passes the kit, and computes what the operator computes."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skald_wire import canonical, fingerprint

from .programs import build_go

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer() or abs(x) < 2**53)
SCALARS = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner | st.none(), max_size=4),
    max_leaves=12,
)
INPUTS = st.dictionaries(TEXT, VALUES, max_size=4)


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    return build_go(tmp_path_factory.mktemp("go"))


def test_the_go_example_passes_the_kit(kit, programs, tmp_path, dead_letters):
    program = str(programs / "participant")
    env = {"DATABASE": str(tmp_path / "seats.db")}
    verdict = kit.verdict([program], [program, "effects"], env=env)
    not_kept = {id_: check for id_, check in verdict.items() if check["outcome"] != "kept"}
    assert set(not_kept) == {"R7-horizon"}, not_kept
    assert dead_letters() > 0, "what nobody can act on is kept for whoever looks into it"


def computes(programs, vectors):
    done = subprocess.run(
        [programs / "wire.test"], env={"VECTORS": str(vectors)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_I1_R6_go_computes_the_committed_vectors(programs, pytestconfig):
    computes(programs, pytestconfig.rootpath / "services" / "contracts" / "vectors.json")


def test_I1_R6_go_computes_what_python_computes_for_any_value(programs, tmp_path):
    vectors = {"canonical": [], "fingerprints": []}

    @settings(max_examples=300, deadline=None, database=None)
    @given(VALUES, TEXT, TEXT, TEXT, INPUTS)
    def collect(value, definition, step, command, given_input):
        vectors["canonical"].append({"json": json.dumps(value), "canonical": canonical(value).decode()})
        names = {"definition": definition, "step": step, "command": command}
        expected = fingerprint(definition, step, command, given_input)
        vectors["fingerprints"].append({**names, "input": json.dumps(given_input), "fingerprint": expected})

    collect()
    (tmp_path / "vectors.json").write_text(json.dumps(vectors))
    computes(programs, tmp_path / "vectors.json")
