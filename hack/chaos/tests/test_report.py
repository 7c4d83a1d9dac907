from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hack.chaos.judge import Violation
from hack.chaos.report import Report

GOOD = Report(
    seed=7,
    began="2025-11-22T12:00:00.000Z",
    faults={"kill etcd": 3, "freeze saga-operator": 1},
    seconds=12.3,
    quiet_after=4.5,
    orders={"Confirmed": 20, "Rejected": 2},
    repeats=1,
    still_open=[],
    violations=[],
    problems=[],
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"violations": [Violation("S4", "o-1", "two parcels")]},
        {"still_open": ["o-1"]},
        {"problems": ["POST /v1/orders was answered 422"]},
        {"orders": {}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_run_passes_only_if_nothing_is_wrong_and_something_was_tried(wrong: dict[str, Any]) -> None:
    assert GOOD.passed
    assert not replace(GOOD, **wrong).passed


def test_what_is_wrong_is_told_by_name() -> None:
    report = replace(GOOD, violations=[Violation("S4", "o-1", "two parcels")], still_open=["o-2"], problems=["a 422"])
    text = report.as_text()
    assert "S4: o-1: two parcels" in text
    assert "| S4 | stock and money moved exactly once for each confirmed order, and for no other | 1 times |" in text
    assert "stuck: o-2" in text
    assert "a 422" in text
    assert "**FAILED**" in text


def test_it_is_saved_for_people_and_machines(tmp_path: Path) -> None:
    GOOD.save(tmp_path / "new")
    assert "**passed**" in (tmp_path / "new" / "chaos.md").read_text()
    saved = json.loads((tmp_path / "new" / "chaos.json").read_text())
    assert (saved["passed"], saved["seed"], saved["orders"]) == (True, 7, GOOD.orders)
