"""Every metric that the chart's alerts may ask for, with its labels, as the programs themselves export it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import skald.grpcserver
import skald.sagaapi  # noqa: F401 - both count in the process's own registry
from flask import Flask
from gateway_keys.keeper import Keeper
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from saga_operator.ops.metrics import COUNTERS, GAUGES, LEVELS
from skald.messaging.metrics import WorkerMetrics
from skald.web.metrics import measure_requests

Names = Mapping[str, frozenset[str]]
"""Metric -> its labels, but for ``namespace``, ``job`` and the like, which Prometheus adds."""

FOREIGN: Final[Names] = {
    "up": frozenset(),
    "kong_http_requests_total": frozenset({"service", "route", "code", "source", "workspace", "consumer"}),
}
"""Prometheus' own, and those of Kong, which runs in a cluster only."""


def exported(broker: str) -> Names:
    """``broker``: URL of RabbitMQ's page."""
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    Keeper(Path("kong.yaml"), issuer=None, node=None, registry=registry)
    ours = [registry, REGISTRY, measure_requests(Flask("any"))]
    return {
        **FOREIGN,
        **dict(_of_the_operator()),
        **{name: labels for one in ours for name, labels in _of(one)},
        **dict(_on_page(broker)),
    }


def _of_the_operator() -> Iterator[tuple[str, frozenset[str]]]:
    yield from ((f"skald_saga_{name}_total", frozenset(labels)) for name, (_, labels) in COUNTERS.items())
    yield from ((f"skald_saga_{name}", frozenset(labels)) for name, (_, labels) in GAUGES.items())
    yield from ((f"skald_saga_{name}", frozenset({label})) for name, (_, label) in LEVELS.items())


def _of(registry: CollectorRegistry) -> Iterator[tuple[str, frozenset[str]]]:
    """A metric shows its labels on no page before something is counted, so it is asked itself."""
    for metric, names in registry._collector_to_names.items():
        if isinstance(metric, MetricWrapperBase):
            yield from ((name, frozenset(metric._labelnames)) for name in names)


def _on_page(url: str) -> Iterator[tuple[str, frozenset[str]]]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        for family in text_string_to_metric_families(answer.read().decode()):
            yield from ((sample.name, frozenset(sample.labels)) for sample in family.samples)
