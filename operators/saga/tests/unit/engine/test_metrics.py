from __future__ import annotations

import re
from pathlib import Path

import pytest
from saga_operator.ops.metrics import COUNTERS, GAUGES, HISTOGRAMS, LEVELS, PrometheusMetrics

ALERTS = Path("charts/platform-lib/templates/_alerts.tpl")


def test_no_metric_has_a_label_whose_values_grow_with_the_sagas() -> None:
    labels = {label for _, names in [*COUNTERS.values(), *HISTOGRAMS.values(), *GAUGES.values()] for label in names}
    assert labels <= {"type", "kind", "outcome", "code", "phase", "participant", "command"}


@pytest.mark.parametrize(
    ("name", "line"), [("active", 'active{phase="Running"}'), ("stalled", 'stalled{reason="Running"}')]
)
def test_live_sagas_are_counted_at_the_scrape(name: str, line: str) -> None:
    found = {"Running": 0}
    metrics = PrometheusMetrics()
    metrics.watch(name, lambda: found)
    found["Running"] = 3
    assert f"skald_saga_{line} 3.0".encode() in metrics.page()


def test_an_undocumented_metric_is_refused() -> None:
    with pytest.raises(KeyError):
        PrometheusMetrics().count("surprise", {})


def test_alerts_name_only_metrics_that_there_are() -> None:
    named = set(re.findall(r"skald_saga_\w+", ALERTS.read_text()))
    exported = {
        *(f"skald_saga_{name}_total" for name in COUNTERS),
        *(f"skald_saga_{name}" for name in (*GAUGES, *LEVELS)),
    }
    assert named
    assert named <= exported
