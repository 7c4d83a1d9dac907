"""Each rule that the documentation claims has a test that carries its id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "invariants.md").read_text()
CLAIMED = re.findall(r"^### ([IRS]\d)$", PAGE, re.MULTILINE)
NAMED = re.compile(r"(?:def|class) [tT]est_?((?:[IRS]\d_)+)(?:to_[IRS](\d)_)?")


def ids(ruled, last):
    """``S1_``, ``I4_I5_`` or, with the last of a range, ``S1_to_S7_``."""
    found = ruled.strip("_").split("_")
    if not last:
        return found
    kind, first = found[-1]
    return [f"{kind}{number}" for number in range(int(first), int(last) + 1)]


TESTED = {
    rule
    for folder in ("operators", "services", "tests")
    for file in (ROOT / folder).rglob("*.py")
    for ruled, last in NAMED.findall(file.read_text())
    for rule in ids(ruled, last)
}


@pytest.mark.parametrize("rule", CLAIMED)
def test_the_rule_has_a_test_with_its_id(rule):
    assert rule in TESTED, f"docs/invariants.md claims {rule}, and no test is called test_{rule}_..."


def test_every_rule_is_claimed():
    numbers = {"I": 8, "R": 7, "S": 9}
    assert set(CLAIMED) == {f"{kind}{number + 1}" for kind, last in numbers.items() for number in range(last)}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+\.py)`", PAGE))))
def test_a_test_file_that_the_page_names_exists(name):
    assert list((ROOT / "operators").rglob(name)), f"docs/invariants.md names {name}, and there is no such file"
