"""What became of the checks: for a person, for a program, for a CI's test report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["FORMATS", "Outcome", "Result"]


class Outcome(StrEnum):
    """What became of one check."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Result:
    """One check, and what it found."""

    id: str
    promise: str
    outcome: Outcome
    seconds: float = 0.0
    expected: str = ""
    came: str = ""
    needs: str = ""
    """Of one that was not run: the options that it needs."""


def _text(subject: str, results: Sequence[Result]) -> str:
    lines = [subject, ""]
    for result in results:
        lines.append(f"{result.outcome.upper():8} {result.id:30} {result.promise}")
        match result.outcome:
            case Outcome.BROKEN:
                lines += [f"{'':10}expected: {result.expected}", f"{'':10}came:     {result.came}"]
            case Outcome.NOT_RUN:
                lines.append(f"{'':10}needs {result.needs}")
            case Outcome.KEPT:
                pass
    return "\n".join([*lines, "", _total(results)])


def _total(results: Sequence[Result]) -> str:
    counts = [(outcome, sum(result.outcome is outcome for result in results)) for outcome in Outcome]
    return ", ".join(f"{count} {outcome}" for outcome, count in counts)


def _json(subject: str, results: Sequence[Result]) -> str:
    checks = [
        {name: value for name in Result.__slots__ if (value := getattr(result, name)) not in ("", 0.0)}
        for result in results
    ]
    return json.dumps({"participant": subject, "checks": checks}, indent=2)


def _junit(subject: str, results: Sequence[Result]) -> str:
    broken = sum(result.outcome is Outcome.BROKEN for result in results)
    not_run = sum(result.outcome is Outcome.NOT_RUN for result in results)
    numbers = {"tests": str(len(results)), "failures": str(broken), "skipped": str(not_run)}
    suite = ET.Element("testsuite", {"name": subject, **numbers})
    for result in results:
        case = ET.SubElement(suite, "testcase", classname=subject, name=result.id, time=f"{result.seconds:.3f}")
        if result.outcome is Outcome.BROKEN:
            failure = ET.SubElement(case, "failure", message=result.promise)
            failure.text = f"expected: {result.expected}\ncame: {result.came}"
        elif result.outcome is Outcome.NOT_RUN:
            ET.SubElement(case, "skipped", message=f"needs {result.needs}")
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


FORMATS: Final[Mapping[str, Callable[[str, Sequence[Result]], str]]] = {"text": _text, "json": _json, "junit": _junit}
"""By the name given to ``-o``."""
