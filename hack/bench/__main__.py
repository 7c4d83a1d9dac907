"""How fast the saga engine is, and what a saga costs. ``make bench`` runs it.

Real etcd, API server, RabbitMQ and operator, participants that do nothing; three sequential steps. Wall time depends on
the machine and on what else it does; CPU seconds and writes per saga hardly do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import requests

from hack.bench.driver import Driver, Run
from hack.bench.measure import ApiServer, cpu_seconds, memory
from hack.embedded.platform import Platform, open_platform

DEFINITIONS = Path(__file__).with_name("definitions.yaml")
PARTICIPANTS = ("inventory", "payments", "shipping")
LOADS = {1: 100, 16: 500, 64: 1500}
"""in flight -> sagas"""
PARTS = ("etcd", "apiserver", "rabbitmq")


@contextlib.contextmanager
def process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[int]:
    """A program of ours for as long as the block lasts; its pid."""
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as running:
        try:
            yield running.pid
        finally:
            running.terminate()


def ready(url: str, seconds: float = 30) -> None:
    """Wait for a 200. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(url, timeout=2).ok:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{url} was not ready within {seconds:g} s")


async def load(platform: Platform, definition: str, sagas: int, in_flight: int) -> Run:
    """One run against the platform's API server."""
    async with Driver(platform.kubernetes_url, platform.admin_token, platform.ca_file, platform.namespace) as driver:
        return await driver.run(definition, sagas, in_flight)


def measured(platform: Platform, pids: dict[str, int], definition: str, sagas: int, in_flight: int) -> dict[str, Any]:
    """A run with what it cost."""
    api = ApiServer(platform.kubernetes_url, platform.admin_token, str(platform.ca_file))
    cpu, writes = cpu_seconds(pids), api.writes("sagas")
    run = asyncio.run(load(platform, definition, sagas, in_flight))
    spent = {name: after - cpu[name] for name, after in cpu_seconds(pids).items()}
    return {
        "definition": definition,
        "in_flight": in_flight,
        "sagas": sagas,
        "phases": run.phases,
        "sagas_per_second": round(run.rate, 1),
        "p50_ms": round(run.quantile(0.5) * 1000, 1),
        "p99_ms": round(run.quantile(0.99) * 1000, 1),
        "etcd_writes_per_saga": round((api.writes("sagas") - writes) / sagas, 2),
        "cpu_ms_per_saga": {name: round(seconds / sagas * 1000, 2) for name, seconds in spent.items()},
        "cpu_ms_per_saga_sum": round(sum(spent.values()) / sagas * 1000, 2),
    }


def table(results: list[dict[str, Any]]) -> str:
    """Markdown."""
    names = list(results[0]["cpu_ms_per_saga"])
    head = ["definition", "in flight", "sagas/s", "p50 ms", "p99 ms", "etcd writes", "CPU ms", *names]
    columns = ("definition", "in_flight", "sagas_per_second", "p50_ms", "p99_ms", "etcd_writes_per_saga")
    rows = [head, ["---"] * len(head)]
    for result in results:
        cpu = [result["cpu_ms_per_saga_sum"], *(result["cpu_ms_per_saga"][name] for name in names)]
        rows.append([str(cell) for cell in (*(result[column] for column in columns), *cpu)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def bench(platform: Platform, scale: float) -> dict[str, Any]:
    """Every load, and the memory of the processes afterwards."""
    subprocess.run(
        [str(platform.kubectl), "apply", "-n", platform.namespace, "-f", str(DEFINITIONS)], check=True, timeout=60
    )
    urls = [f"{name}={platform.amqp_url(name)}" for name in PARTICIPANTS]
    settings = {**os.environ, **platform.env("saga-operator")}
    with (
        process(
            [sys.executable, "-m", "hack.bench.participant", *urls], dict(os.environ), platform.logs / "noop.log"
        ) as noop,
        process([sys.executable, "-m", "saga_operator", "run"], settings, platform.logs / "bench-operator.log") as ours,
    ):
        ready(f"http://{settings['SKALD_METRICS_BIND']}/readyz")
        pids = {"operator": ours, "participants": noop, **{name: platform.pid(name) for name in PARTS}}
        asyncio.run(load(platform, "bench-chain-v1", 50, 8))
        results = [
            measured(platform, pids, "bench-chain-v1", int(n * scale), in_flight) for in_flight, n in LOADS.items()
        ]
        results.append(measured(platform, pids, "bench-declined-v1", int(300 * scale), 16))
        return {"runs": results, "memory_mib": {name: size >> 20 for name, size in memory(pids).items()}}


def page(result: dict[str, Any]) -> str:
    """The result as a page of the documentation."""
    memory_line = ", ".join(f"{name} {size}" for name, size in result["memory_mib"].items())
    return f"""# Benchmarks

Written by `make bench` on {result["date"]}; {result["machine"]}. The raw figures are in `benchmarks.json`.

Three sequential steps with participants that do nothing (no database), over real etcd, API server, RabbitMQ and
operator, all on this one machine together with the load driver. A latency is the time from the create request to the
watcher's sight of the terminal phase. CPU is user plus system time per saga, in milliseconds, by process. Wall time
depends on the machine and on what else it does; CPU and writes hardly do.

{table(result["runs"])}

Memory afterwards (proportional set size, MiB): {memory_line}.
"""


def machine() -> str:
    """Processor, cores, memory."""
    model = next(
        (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), ":"
    )
    return f"{os.cpu_count()} cores ({model.split(':', 1)[1].strip()}), {psutil.virtual_memory().total >> 30} GiB"


def main() -> int:
    """Print the page; write it, and the raw figures, where asked."""
    parser = argparse.ArgumentParser(prog="python -m hack.bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="multiply the number of sagas (default: 1)")
    parser.add_argument("--out", type=Path, help="write benchmarks.md and benchmarks.json into this folder")
    arguments = parser.parse_args()
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
