"""Many sagas in flight at once: what they need, and how fast they are taken over and undone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import psutil
import requests
import uvloop

from hack.bench.driver import Driver
from hack.bench.measure import memory
from hack.bench.ours import api_server, define, operator, participants, sagas_path, target, template
from hack.bench.processes import until
from hack.embedded.platform import Platform

PARKED: Final = "bench-parked-v1"
_PUBLISHED: Final = re.compile(
    r'^skald_saga_publishes_total\{kind="(?!event)[^"]*",outcome="confirmed"\} (\S+)$', re.MULTILINE
)
SAMPLE: Final = 500
"""Sagas whose size is looked at."""
_PATIENCE: Final = 600.0
_REST: Final = 15.0
"""Per cent of a core: what an operator uses for its metrics and its Lease, and then some."""


def crowd(platform: Platform, sagas: int, cancelled: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """``sagas`` wait in their second step; their operator is replaced; then ``cancelled`` of them are cancelled."""
    define(platform)
    with participants(platform):
        with operator(platform) as first:
            tell(f"{sagas} sagas into flight")
            names = uvloop.run(_create(platform, sagas))
            until("all wait in their second step", lambda: _published(platform) >= 2 * sagas, _PATIENCE)
            size = memory({"operator": first})["operator"]
        tell("their operator is replaced")
        began = time.monotonic()
        with operator(platform) as second:
            until("all commands are sent again", lambda: _published(platform) >= sagas, _PATIENCE)
            in_hand = time.monotonic() - began
            until("the new operator is at rest", partial(_is_at_rest, second), _PATIENCE)
            at_rest = time.monotonic() - began
            each = api_server(platform).bytes_per_object(sagas_path(platform), SAMPLE)
            tell(f"{cancelled} of them are cancelled")
            accepted, undone = uvloop.run(_cancel(platform, names[:cancelled]))
    return {
        "in_flight": sagas,
        "bytes_each": each,
        "operator_mib": size >> 20,
        "all_in_hand_seconds": round(in_hand, 1),
        "at_rest_seconds": round(at_rest, 1),
        "cancelled": cancelled,
        "all_accepted_seconds": round(accepted, 1),
        "all_compensated_seconds": round(undone, 1),
    }


async def _create(platform: Platform, sagas: int) -> list[str]:
    async with Driver(target(platform)) as driver:
        return await driver.create(template(PARKED), sagas, 32)


async def _cancel(platform: Platform, names: list[str]) -> tuple[float, float]:
    async with Driver(target(platform)) as driver:
        return await driver.cancel(names, _PATIENCE)


def _is_at_rest(operator: int) -> bool:
    """Not while kopf lists all sagas once more, before it watches: cancels would stand in line behind that."""
    return psutil.Process(operator).cpu_percent(interval=2) < _REST


def _published(platform: Platform) -> int:
    bind = platform.env("saga-operator")["SKALD_METRICS_BIND"]
    page = requests.get(f"http://{bind}/metrics", timeout=30).text
    return sum(int(float(found[1])) for found in _PUBLISHED.finditer(page))
