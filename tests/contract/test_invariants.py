"""Each rule that the documentation claims has a test that carries its id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLAIMED = re.findall(r"^### ([IRS]\d)$", (ROOT / "docs" / "invariants.md").read_text(), re.MULTILINE)
TESTED = {
    found
    for folder in ("operators", "services", "tests")
    for file in (ROOT / folder).rglob("*.py")
    for found in re.findall(r"def test_([IRS]\d)_", file.read_text())
}


@pytest.mark.parametrize("rule", CLAIMED)
def test_the_rule_has_a_test_with_its_id(rule):
    assert rule in TESTED, f"docs/invariants.md claims {rule}, and no test is called test_{rule}_..."


def test_every_rule_is_claimed():
    assert set(CLAIMED) >= {f"R{n}" for n in range(1, 8)} | {"I1", "I2", "I3", "I4", "I5", "I7", "I8"}
