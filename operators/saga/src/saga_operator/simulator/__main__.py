"""Try schedules: ``python -m saga_operator.simulator --seeds 1000``, ``--replay SEED``, ``--explore chain3``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from saga_operator.simulator.explore import Bounds, Explorer, Report
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.shapes import SMALL, definition_of
from saga_operator.simulator.trial import Trial, replay, try_definition

_PROGRESS_EVERY: Final = 1000
_SHOWN: Final = 3
"""Violations that are told line by line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """1 when a property was violated, else 0. Prints what was tried."""
    options = _parser().parse_args(arguments)
    if options.replay is not None:
        return _replay(options.replay)
    if options.explore is not None:
        return _explore(options.explore or list(SMALL), Bounds(options.states, options.operators))
    return _draw(range(options.first, options.first + options.seeds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m saga_operator.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many random schedules (default: 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one schedule again, line by line")
    parser.add_argument(
        "--explore", nargs="*", choices=list(SMALL), metavar="SHAPE", help=f"every schedule of {', '.join(SMALL)}"
    )
    parser.add_argument("--states", type=int, default=100_000, help="where exploring stops (default: 100000)")
    parser.add_argument("--operators", type=int, default=2, help="operators at once while exploring (default: 2)")
    return parser


def _replay(seed: int) -> int:
    result = replay(None, seed)
    _print(f"seed {seed}: {result.shape}", *result.record, f"ends {result.violation or result.phase}")
    return int(result.violation is not None)


def _draw(seeds: range) -> int:
    trial = try_definition(None, seeds, _tell_progress)
    tried = ", ".join(f"{number} {name}" for name, number in (trial.counts + trial.phases).items())
    violated = trial.violations
    _print(f"{len(seeds)} schedules (seeds {seeds[0]} to {seeds[-1]}): {tried}; {len(violated)} violations")
    for result in sorted(violated, key=lambda result: len(result.record))[:_SHOWN]:
        _print("", f"seed {result.seed} ({result.shape}), again with --replay {result.seed}:", *result.record)
    return int(bool(violated))


def _tell_progress(trial: Trial) -> None:
    if trial.schedules % _PROGRESS_EVERY == 0:
        sys.stderr.write(f"{trial.schedules} schedules, {len(trial.violations)} violations\n")


def _explore(names: Sequence[str], bounds: Bounds) -> int:
    violated = False
    for name in names:
        explorer = Explorer(definition_of(SMALL[name]), RegisterKeeper(), bounds)
        report = explorer.run()
        explorer.run_on(report)
        violated |= bool(report.violations)
        _print(f"{name:16} {tell(report)}")
        for broken, trace in report.violations.items():
            _print(f"  {broken}", *(f"    {line}" for line in trace))
    return int(violated)


def tell(report: Report) -> str:
    """What was tried, in one line."""
    extent = "all states" if report.complete else "states, as many as were asked for"
    return (
        f"{report.states} {extent}; {report.transitions} transitions; ended in {report.succeeded} Succeeded and "
        f"{report.compensated} Compensated; {report.rolled_back} rolled back over a stored flip; "
        f"{report.fair_runs} situations run on without faults; {len(report.violations)} violations"
    )


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
