"""A participant written in JavaScript, with MongoDB: it passes the kit, and computes what the operator computes."""

from __future__ import annotations

import subprocess

import pytest

from .conftest import PARTICIPANT
from .programs import build_node, find_node
from .vectors import COMMITTED, of_any_values


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    return find_node(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="session")
def example(node, tmp_path_factory):
    return build_node(node, tmp_path_factory.mktemp("npm"))


def test_the_node_example_passes_the_kit(parts, kit, node, example, dead_letters):
    database = parts.new_database(PARTICIPANT)
    env = {"MONGODB_URI": parts.mongodb_uri(PARTICIPANT, database), "MONGODB_DATABASE": database}
    program = [str(node.program), str(example / "participant.mjs")]
    verdict = kit.verdict(program, [*program, "effects"], env=env)
    not_kept = {id_: check for id_, check in verdict.items() if check["outcome"] != "kept"}
    assert set(not_kept) == {"R7-horizon"}, not_kept
    assert dead_letters() > 0, "what nobody can act on is kept for whoever looks into it"


@pytest.mark.parametrize("vectors", [lambda _: COMMITTED, of_any_values], ids=["committed", "any values"])
def test_I1_R6_node_computes_what_python_computes(node, example, tmp_path, vectors):
    done = subprocess.run(
        [node.program, "--test", example / "canonical.test.mjs"],
        env={"VECTORS": str(vectors(tmp_path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
