"""What a run of the whole-system tests says at its end."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console

from hack.kind.bring import Way, show_stand_ins
from hack.kind.kubectl import kubectl
from hack.kind.parts import KIND
from hack.kind.verdicts import Verdict


class Phases:
    """What a run spent its time on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block's time, also when it fails."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._seconds[name] = time.monotonic() - began

    def describe(self) -> str:
        """One line."""
        parts = [f"{name} {_clock(seconds)}" for name, seconds in self._seconds.items()]
        return f"time: {', '.join(parts)}; in all {_clock(time.monotonic() - self._began)} (minutes:seconds)"


def versions(way: Way) -> Mapping[str, str]:
    """What the cluster and the programs around it are. Raises PlatformError."""
    nodes = json.loads(kubectl("get", "nodes", "--output=json"))["items"]
    about = nodes[0]["status"]["nodeInfo"]
    helm = subprocess.run([way.parts.helm(), "version", "--short"], capture_output=True, text=True, check=True).stdout
    return {
        "cluster": f"kind {KIND.rpartition('@')[2]}, {len(nodes)} nodes",
        "nodes": f"{about['osImage']}, {about['containerRuntimeVersion']}, kernel {about['kernelVersion']}",
        "Kubernetes": about["kubeletVersion"],
        "Helm": helm.strip(),
        "images": way.checkout.tag,
        "way": way.describe(),
    }


def print_summary(console: Console, way: Way, found: Mapping[str, str], verdicts: Sequence[Verdict]) -> None:
    """Versions, every test by name, what this machine could not show, and what was not the real thing."""
    lines = ["", "=== what ran", *(f"{name:<11}{value}" for name, value in found.items()), *describe_tests(verdicts)]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    show_stand_ins(way, console)


def describe_tests(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each test, one for all, and one for each thing that was not shown."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.outcome}  {verdict.seconds:6.1f} s  {verdict.name}")
        lines += [f"{'':18}proven by: {how}" for how in verdict.proven]
    outcomes = Counter(verdict.outcome for verdict in verdicts)
    counted = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    not_shown = [line for verdict in verdicts for line in verdict.not_shown]
    lines += [f"{len(verdicts)} tests: {counted or 'pytest did not come to any'}"]
    lines += [f"not shown here: {len(not_shown) or 'nothing'}", *(f"  {line}" for line in not_shown)]
    return lines


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
