"""What must hold before a change lands, stage by stage: ``make test``. CI runs it, and then ``make e2e``.

The embedded platform's ``test`` instance is started for it, on ports and data of its own, and stopped at the end; its
logs stay for reading. With names of stages only these run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PYTEST = (str(BIN / "pytest"), "--quiet")
CHART = (*PYTEST, "tests/chart", "-n", "2", "--timeout=600")
"""The first of its tests waits for two versions of Helm to be fetched."""
SIMULATOR = (*PYTEST, "operators/saga/tests/simulation", "-n", "2", "--timeout=600")
"""One test is one shape with all its schedules: half a minute of nothing but computing, where nothing else runs."""
PLATFORM = (sys.executable, "-m", "hack.embedded")


@dataclass(frozen=True)
class Stage:
    """One thing to hold."""

    name: str
    promise: str
    command: Sequence[str]
    needs_platform: bool = False


STAGES = (
    Stage("lint", "ruff finds nothing", (str(BIN / "ruff"), "check", ".")),
    Stage("format", "the code is formatted", (str(BIN / "ruff"), "format", "--check", ".")),
    Stage("types", "mypy strict finds nothing", (str(BIN / "mypy"),)),
    Stage("layers", "the import contracts hold", (str(BIN / "lint-imports"),)),
    Stage(
        "unit",
        "units and pure rules",
        (*PYTEST, "operators/saga/tests/unit", "operators/gateway-keys/tests", "hack", "-n", "2"),
    ),
    Stage(
        "simulator",
        "the protocol, all schedules in a bound",
        SIMULATOR,
    ),
    Stage("services", "each service on real parts", (*PYTEST, "services", "-n", "2"), needs_platform=True),
    Stage("operator", "the operator on real parts", (*PYTEST, "operators/saga/tests/component"), needs_platform=True),
    Stage("plugin", "kubectl saga on a real API server", (*PYTEST, "operators/saga/tests/cli"), needs_platform=True),
    Stage("crash", "the operator killed at any moment", (*PYTEST, "operators/saga/tests/crash"), needs_platform=True),
    Stage("contract", "admission, RBAC, generated files", (*PYTEST, "tests/contract"), needs_platform=True),
    Stage("chart", "renders, rights, reachability, schema", CHART, needs_platform=True),
    Stage(
        "participants",
        "participants in several languages pass the kit",
        (*PYTEST, "tests/participants", "-n", "2", "--timeout=600"),
        needs_platform=True,
    ),
    Stage("gateway", "the edge's conformance suite", (*PYTEST, "tests/gateway"), needs_platform=True),
    Stage(
        "integration",
        "orders end to end, and faults",
        (*PYTEST, "tests/integration", "--timeout=400"),
        needs_platform=True,
    ),
    Stage(
        "chaos",
        "random kills under load, then the books",
        (sys.executable, "-m", "hack.chaos", "--instance", "test", "--kills", "20", "--seed", "7"),
        needs_platform=True,
    ),
)


@dataclass(frozen=True)
class Outcome:
    """How a stage ended."""

    stage: Stage
    seconds: float
    passed: bool
    last: str
    """The last line that it printed."""


def run(stage: Stage) -> Outcome:
    """Run one stage; its output passes through."""
    print(f"\n=== {stage.name}: {stage.promise}", flush=True)
    started, last = time.monotonic(), ""
    with subprocess.Popen(stage.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return Outcome(stage, time.monotonic() - started, process.returncode == 0, last.strip("= "))


def run_all(stages: Sequence[Stage]) -> list[Outcome]:
    """Every stage, also after a failed one: a red stage hides no other."""
    outcomes = [run(stage) for stage in stages if not stage.needs_platform]
    on_platform = [stage for stage in stages if stage.needs_platform]
    if not on_platform:
        return outcomes
    subprocess.run([*PLATFORM, "down", "--wipe", "--instance", "test"], check=True)
    try:
        outcomes.append(run(Stage("platform", "starts from nothing", (*PLATFORM, "up", "--instance", "test"))))
        if outcomes[-1].passed:
            outcomes += [run(stage) for stage in on_platform]
    finally:
        subprocess.run([*PLATFORM, "down", "--instance", "test"], check=True)
    return outcomes


def report(wanted: Sequence[Stage], outcomes: Sequence[Outcome]) -> bool:
    """Say what ran and what did not; whether all passed."""
    print("\n=== what ran")
    for outcome in outcomes:
        mark = "passed" if outcome.passed else "FAILED"
        print(f"{mark}  {outcome.stage.name:<12} {outcome.seconds:6.1f} s  {outcome.stage.promise}: {outcome.last}")
    ran = {outcome.stage.name for outcome in outcomes}
    missing = [stage.name for stage in wanted if stage.name not in ran]
    if missing:
        print(f"did not run: {', '.join(missing)}")
    return not missing and all(outcome.passed for outcome in outcomes)


def main() -> int:
    """Exit status 0 only if every wanted stage ran and passed."""
    names = [stage.name for stage in STAGES]
    parser = argparse.ArgumentParser(prog="python -m hack.checks", description=__doc__)
    parser.add_argument("stage", nargs="*", choices=[[], *names], help=f"one of {', '.join(names)} (default: all)")
    wanted = [stage for stage in STAGES if stage.name in (parser.parse_args().stage or names)]
    return 0 if report(wanted, run_all(wanted)) else 1


if __name__ == "__main__":
    sys.exit(main())
