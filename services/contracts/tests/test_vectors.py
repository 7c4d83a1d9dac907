"""vectors.json: what a participant in any language computes, held here against Python; the examples hold theirs."""

import json
from pathlib import Path

import pytest
from skald_wire import Kind, NotRepresentable, canonical, command_id, fingerprint

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["canonical"], ids=lambda vector: vector["json"][:30])
def test_I1_canonical_json(vector):
    assert canonical(json.loads(vector["json"])).decode() == vector["canonical"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["why"])
def test_I1_what_no_canonical_json_can_hold(vector):
    with pytest.raises((NotRepresentable, json.JSONDecodeError)):
        canonical(json.loads(vector["json"]))


@pytest.mark.parametrize("vector", VECTORS["fingerprints"], ids=lambda vector: vector["fingerprint"][:8])
def test_R6_fingerprints(vector):
    found = fingerprint(vector["definition"], vector["step"], vector["command"], json.loads(vector["input"]))
    assert found == vector["fingerprint"]


@pytest.mark.parametrize("vector", VECTORS["commandIds"], ids=lambda vector: vector["id"])
def test_I1_command_ids(vector):
    found = command_id(vector["namespace"], vector["idempotencyKey"], vector["step"], Kind(vector["kind"]))
    assert found == vector["id"]
