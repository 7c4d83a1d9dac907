"""One saga's story, step by step, from its object. Reads ``kubectl get saga NAME -o json`` on standard input."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any


def lines(saga: dict[str, Any]) -> list[str]:
    """A line per step in the order in which they were started, then the verdict."""
    status = saga["status"]
    start = _time(status["startTime"])
    started = {name: step for name, step in status["steps"].items() if "startedAt" in step}
    width = max(len(name) for name in status["steps"])
    rows = [
        _step(name, step, start, width) for name, step in sorted(started.items(), key=lambda item: item[1]["startedAt"])
    ]
    idle = [name for name in status["steps"] if name not in started]
    failure = status.get("failure")
    verdict = f"{_offset(status['completionTime'], start)}  {status['phase']}"
    verdict += f": {failure['step']} failed with {failure['code']} ({failure['message']})" if failure else ""
    return [*rows, *(f"{'':>9}  {name:<{width}}  never started" for name in idle), verdict]


def _step(name: str, step: dict[str, Any], start: datetime, width: int) -> str:
    line = f"{_offset(step['startedAt'], start)}  {name:<{width}}  {step['state']}"
    if "finishedAt" in step:
        line += f" at {_offset(step['finishedAt'], start).strip()}"
    if "error" in step:
        line += f" ({step['error']['code']})"
    return line + (f", {step['attempts']} attempts" if step.get("attempts", 1) > 1 else "")


def _offset(text: str, start: datetime) -> str:
    return f"{(_time(text) - start).total_seconds():+8.3f}s"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    print("\n".join(lines(json.load(sys.stdin))))
