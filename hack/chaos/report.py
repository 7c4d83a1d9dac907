"""What a run has shown, for people and for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hack.chaos.judge import RULES, Violation

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """One run."""

    seed: int
    began: str
    """RFC 3339."""
    faults: Mapping[str, int]
    """How often each blow fell."""
    seconds: float
    """From the first blow to the last."""
    quiet_after: float
    """Seconds from the last blow until nothing was open any more."""
    orders: Mapping[str, int]
    """Accepted orders by what became of them."""
    repeats: int
    """Requests of customers that had to be sent again."""
    still_open: Sequence[str]
    """Orders that were not decided when patience was over."""
    violations: Sequence[Violation]
    problems: Sequence[str]
    """Answers that no customer should have got."""

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing stuck, nothing twice, books balanced, and at least one order in them."""
        return not (self.violations or self.still_open or self.problems) and sum(self.orders.values()) > 0

    def save(self, folder: Path) -> None:
        """``chaos.json`` and ``chaos.md``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "chaos.json").write_text(json.dumps({"passed": self.passed, **asdict(self)}, indent=2) + "\n")
        (folder / "chaos.md").write_text(self.as_text())

    def as_text(self) -> str:
        """Markdown, fit for a terminal."""
        blows = sum(self.faults.values())
        broken = Counter(violation.rule for violation in self.violations)
        rest = "not all came to rest" if self.still_open else f"all at rest {self.quiet_after:.0f} s later"
        lines = [
            "# Chaos",
            "",
            f"Seed {self.seed}, {self.began}: {blows} blows in {self.seconds:.0f} s; {rest}.",
            "",
            "| Blow | Times |",
            "|---|---|",
            *(f"| {name} | {times} |" for name, times in sorted(self.faults.items())),
            "",
            "| Orders | |",
            "|---|---|",
            *(f"| {status} | {count} |" for status, count in sorted(self.orders.items())),
            f"| requests that had to be repeated | {self.repeats} |",
            "",
            "| Rule | Promise | Broken |",
            "|---|---|---|",
            *(f"| {rule} | {promise} | {broken[rule]} times |" for rule, promise in RULES.items()),
            f"| stuck | every order is decided in the end | {len(self.still_open)} times |",
            "",
            *(f"- {one.rule}: {one.of}: {one.says}" for one in self.violations),
            *(f"- stuck: {order}" for order in self.still_open),
            *(f"- {problem}" for problem in self.problems),
            f"**{'passed' if self.passed else 'FAILED'}**",
        ]
        return "\n".join(lines) + "\n"
