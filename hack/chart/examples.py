"""Renders that are kept under examples/, so that a change of a template shows what it does to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import yaml

from hack.chart.helm import render

JSON = dict[str, Any]

_HEAD: Final = "# Rendered from the chart by `python -m hack.chart`; do not edit.\n"


def _of_orders(one: JSON) -> bool:
    return bool(one["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "orders")


EXAMPLES: Final[dict[str, tuple[tuple[str, ...], Callable[[JSON], bool]]]] = {
    "orders": ((), _of_orders),
    "orders-production": (("--values=values-production.yaml", "--api-versions=monitoring.coreos.com/v1"), _of_orders),
}
"""File -> options of the render, and which of its objects are kept."""


def render_examples() -> dict[str, str]:
    """Path in the repository -> YAML."""
    return {
        f"examples/{name}.yaml": _HEAD + yaml.safe_dump_all(filter(keep, render(*options)), sort_keys=False)
        for name, (options, keep) in EXAMPLES.items()
    }
