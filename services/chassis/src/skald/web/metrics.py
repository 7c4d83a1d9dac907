"""Rate, errors and duration of every route, for Prometheus."""

from __future__ import annotations

from typing import Final

from flask import Flask, Request
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import NO_PREFIX, PrometheusMetrics

__all__ = ["measure_requests"]

_NOT_MEASURED: Final = "^/(livez|readyz|version|openapi.json)$"


def measure_requests(app: Flask) -> CollectorRegistry:
    """Counts and times each request under its route's template: never under its path, which holds ids.

    Returns the registry with these metrics alone; between gunicorn's processes they meet in the shared folder.
    """
    registry = CollectorRegistry()
    PrometheusMetrics(
        app,
        path=None,
        registry=registry,
        defaults_prefix=NO_PREFIX,
        group_by=route,
        excluded_paths=_NOT_MEASURED,
    )
    return registry


def route(request: Request) -> str:
    """The label: the template that matched, the same word for all that matched none."""
    return request.url_rule.rule if request.url_rule else "(no route)"
