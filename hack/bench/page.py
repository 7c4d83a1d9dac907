"""The result as a page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def own_table(results: list[dict[str, Any]]) -> str:
    """What a saga takes and costs, by definition and load."""
    names = list(results[0]["cpu_ms_per_saga"])
    head = ["definition", "in flight", "sagas/s", "p50 ms", "p99 ms", "etcd writes", "CPU ms", *names]
    columns = ("definition", "in_flight", "sagas_per_second", "p50_ms", "p99_ms", "etcd_writes_per_saga")
    return table(
        head,
        [
            [
                *(result[column] for column in columns),
                result["cpu_ms_per_saga_sum"],
                *(result["cpu_ms_per_saga"][name] for name in names),
            ]
            for result in results
        ],
    )


def cpu_shares(runs: list[dict[str, Any]]) -> str:
    """Who uses the CPU."""
    chain = {run["in_flight"]: run for run in runs if run["definition"] == "bench-chain-v1"}
    (undone,) = (run for run in runs if run["definition"] == "bench-declined-v1")
    busy = chain[64]
    api, own = (100 * busy["cpu_ms_per_saga"][name] / busy["cpu_ms_per_saga_sum"] for name in ("apiserver", "operator"))
    ratio = undone["cpu_ms_per_saga_sum"] / chain[undone["in_flight"]]["cpu_ms_per_saga_sum"]
    return f"""At 64 in flight {api:.0f} % of a saga's CPU is the API server's, and {own:.0f} % is the operator's.
A saga that is compensated is written once more, sends two more commands, and is told of by an Event, which is a write
itself; it costs {ratio:.1f} times as much as one that succeeds."""


def peers_table(peers: list[dict[str, Any]]) -> str:
    """Ours beside theirs."""
    head = ["peer", "in flight", "runs/s", "ours", "ratio", "p50 ms", "ours", "p99 ms", "ours", "CPU ms", "ours"]
    rows = []
    for one in peers:
        cells: list[object] = [one["peer"], one["in_flight"], one["theirs"]["per_second"], one["ours"]["per_second"]]
        cells.append(f"**{one['ratio']}**")
        for figure in ("p50_ms", "p99_ms", "cpu_ms"):
            cells += [one["theirs"][figure], one["ours"][figure]]
        rows.append(cells)
    return table(head, rows)


def page(result: dict[str, Any]) -> str:
    """Everything that was measured, and how."""
    many = result["crowd"]
    memory_line = ", ".join(f"{name} {size}" for name, size in result["memory_mib"].items())
    return f"""# Benchmarks

Written by `make bench` on {result["date"]}; {result["machine"]}. The raw figures are in `benchmarks.json`.

Three sequential steps with participants that do nothing (no database), over real etcd, API server, RabbitMQ and
operator, all on this one machine together with the load driver. A latency is the time from the create request until a
watcher, who is shown ended sagas only, sees the terminal phase. CPU is user plus system time per saga, in milliseconds,
by process, the load driver apart. Wall time depends on the machine and on what else it does, and so does CPU where
cores are shared with others; writes do not.

{own_table(result["runs"])}

{cpu_shares(result["runs"])}

Memory afterwards (proportional set size, MiB): {memory_line}.

## Many at once

{many["in_flight"]} sagas that wait in their second step: the operator takes {many["operator_mib"]} MiB. Each takes
{many["bytes_each"]} bytes of JSON in etcd.
When it is replaced, {many["all_in_hand_seconds"]} s pass from the start of the new process until the open command of
every one of them has been sent again, and {many["at_rest_seconds"]} s until it is at rest. Then {many["cancelled"]} of
them are cancelled at once: the API server has accepted the last cancel after {many["all_accepted_seconds"]} s, and all
are `Compensated` after {many["all_compensated_seconds"]} s.

## Beside others

The same three steps that do nothing, each engine in its simplest arrangement on this same machine: Temporal's
development server (not its production one) with one Python worker; DBOS as a library on the PostgreSQL of our platform;
Restate's single-node server with one Python service; and the operator that one would write first with kopf, with two
patches per step and no commands at all. Each is loaded in turns with ours, {result["rounds"]} rounds; the figures are
the medians, and the ratio is the median of the rounds' own ratios (ours over theirs: above 1 ours is faster).
What they promise differs: Temporal in memory forgets everything with its process, and of them only ours undoes what a
failed step leaves behind without code of the workflow's author.

{peers_table(result["peers"])}
"""
