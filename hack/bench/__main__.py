"""How fast the saga engine is, what a saga costs, and how others do. ``make bench`` runs it.

Real etcd, API server, RabbitMQ and operator, participants that do nothing; three sequential steps. Wall time depends on
the machine and on what else it does; CPU seconds and writes per saga hardly do.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from hack.bench.compare import ROUNDS, compare
from hack.bench.crowd import crowd
from hack.bench.measure import memory
from hack.bench.ours import Skald, skald
from hack.bench.page import page
from hack.bench.peers import Peer
from hack.bench.peers.environment import find_environment, find_restate
from hack.bench.peers.naive import Naive
from hack.bench.peers.servers import Dbos, Restate, Temporal
from hack.embedded.parts.cache import cache_folder
from hack.embedded.platform import Platform, open_platform

LOADS = {1: 100, 16: 500, 64: 1500}
"""in flight -> sagas"""
CROWD = 10_000
CANCELLED = 1_000


def own_runs(engine: Skald, scale: float) -> list[dict[str, Any]]:
    """Every load of the chain, and one of sagas that are compensated."""
    results = [engine.measured("bench-chain-v1", int(n * scale), in_flight) for in_flight, n in LOADS.items()]
    return [*results, engine.measured("bench-declined-v1", int(300 * scale), 16)]


def peers(platform: Platform, scale: float) -> list[Peer]:
    """All of them. Raises PlatformError when one cannot be had: a table that lacks a line would flatter us."""
    programs = find_environment(cache_folder(), platform.logs)
    restate = find_restate(cache_folder(), platform.logs)
    socket = platform.home / "state" / "postgres"
    database = f"postgresql+psycopg://postgres@/dbos?host={socket}&port={platform.port('postgres')}"
    return [
        Temporal(programs, durable=False, in_flight=64, runs=int(300 * scale)),
        Temporal(programs, durable=True, in_flight=16, runs=int(100 * scale)),
        Dbos(programs, database, platform.pid("postgres"), in_flight=64, runs=int(400 * scale)),
        Restate(programs, restate, in_flight=64, runs=int(600 * scale)),
        Naive(platform, in_flight=64, runs=int(300 * scale)),
    ]


def bench(platform: Platform, scale: float) -> dict[str, Any]:
    """Everything, with the memory of our processes after our own loads."""
    others = peers(platform, scale)
    folder = platform.logs / "peers"
    shutil.rmtree(folder, ignore_errors=True)
    with skald(platform) as engine:
        tell("our own loads")
        runs = own_runs(engine, scale)
        sizes = {name: size >> 20 for name, size in memory(engine.pids).items()}
        ours = engine.as_running()
        compared = [compare(peer, ours, folder / str(n), tell) for n, peer in enumerate(others)]
    many = crowd(platform, int(CROWD * scale), int(CANCELLED * scale), tell)
    return {"runs": runs, "memory_mib": sizes, "crowd": many, "rounds": ROUNDS, "peers": compared}


def tell(line: str) -> None:
    """Progress, for whoever waits."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def machine() -> str:
    """Processor, cores, memory."""
    model = next(
        (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), ":"
    )
    return f"{os.cpu_count()} cores ({model.split(':', 1)[1].strip()}), {psutil.virtual_memory().total >> 30} GiB"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page; write it, and the raw figures, where asked."""
    parser = argparse.ArgumentParser(prog="python -m hack.bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="multiply the number of sagas (default: 1)")
    parser.add_argument("--out", type=Path, help="write benchmarks.md and benchmarks.json into this folder")
    arguments = parser.parse_args(argv)
    # whoever ends it early wants no server of a peer left behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    platform = open_platform("bench", only_parts=True)
    try:
        result = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), **bench(platform, arguments.scale)}
    finally:
        platform.close()
        subprocess.run([sys.executable, "-m", "hack.embedded", "down", "--wipe", "--instance", "bench"], check=True)
    print(page(result))
    if arguments.out:
        (arguments.out / "benchmarks.md").write_text(page(result))
        (arguments.out / "benchmarks.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
