"""How each test of a run ended, read from the report that pytest writes for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

_OUTCOMES: dict[str, Literal["FAILED", "skipped"]] = {"failure": "FAILED", "error": "FAILED", "skipped": "skipped"}


@dataclass(frozen=True)
class Verdict:
    """One test."""

    name: str
    seconds: float
    outcome: Literal["passed", "FAILED", "skipped"]
    proven: Sequence[str]
    """How, where it depends on what this machine has."""
    not_shown: Sequence[str]
    """What this machine could not show, and why."""


def read_verdicts(report: Path) -> list[Verdict]:
    """All tests of a run in their order. None where pytest did not come as far as to write the report."""
    if not report.exists():
        return []
    suites = ET.fromstring(report.read_text("utf-8"))  # noqa: S314  # pytest's own, from this run
    return [_verdict(case) for case in suites.iter("testcase")]


def _verdict(case: ET.Element) -> Verdict:
    module = case.get("classname", "").rpartition(".")[2]
    outcomes = [_OUTCOMES[child.tag] for child in case if child.tag in _OUTCOMES]
    return Verdict(
        f"{module}::{case.get('name')}",
        float(case.get("time", "0")),
        outcomes[0] if outcomes else "passed",
        _properties(case, "proven"),
        _properties(case, "not_shown"),
    )


def _properties(case: ET.Element, name: str) -> Sequence[str]:
    return [found.get("value", "") for found in case.iter("property") if found.get("name") == name]
