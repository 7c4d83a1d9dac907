"""Our engine and its peers, in turns, round by round: what the ratio says is then not the machine's mood."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hack.bench.measure import cpu_seconds
from hack.bench.peers import Peer, Running

ROUNDS: Final = 5
_WARM_UP: Final = 20


@dataclass(frozen=True)
class Round:
    """One load of one engine."""

    rate: float
    """Runs per second."""
    p50: float
    """Seconds."""
    p99: float
    cpu: float
    """CPU seconds per run, of all processes that work for it."""


def compare(peer: Peer, ours: Running, folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """One line of the table: medians of the rounds."""
    folder.mkdir(parents=True, exist_ok=True)
    with peer.start(folder) as theirs:
        theirs.load(_WARM_UP, 4)
        pairs = []
        for number in range(ROUNDS):
            pairs.append((_measure(ours, peer.runs, peer.in_flight), _measure(theirs, peer.runs, peer.in_flight)))
            mine, other = pairs[-1]
            tell(f"{peer.name}, round {number + 1} of {ROUNDS}: {other.rate:.1f}/s, ours {mine.rate:.1f}/s")
    return {
        "peer": peer.name,
        "in_flight": peer.in_flight,
        "theirs": _medians([other for _, other in pairs]),
        "ours": _medians([mine for mine, _ in pairs]),
        "ratio": round(statistics.median(mine.rate / other.rate for mine, other in pairs), 2),
    }


def _measure(engine: Running, runs: int, in_flight: int) -> Round:
    before = sum(cpu_seconds(engine.pids).values())
    outcome = engine.load(runs, in_flight)
    cpu = sum(cpu_seconds(engine.pids).values()) - before + outcome.own_cpu
    ordered = sorted(outcome.latencies)
    p50, p99 = (ordered[min(runs - 1, int(runs * share))] for share in (0.5, 0.99))
    return Round(runs / outcome.seconds, p50, p99, cpu / runs)


def _medians(rounds: list[Round]) -> dict[str, float]:
    def median(of: Callable[[Round], float]) -> float:
        return round(statistics.median(map(of, rounds)), 1)

    return {
        "per_second": median(lambda one: one.rate),
        "p50_ms": median(lambda one: one.p50 * 1000),
        "p99_ms": median(lambda one: one.p99 * 1000),
        "cpu_ms": median(lambda one: one.cpu * 1000),
    }
