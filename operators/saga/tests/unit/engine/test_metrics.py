from __future__ import annotations

import pytest
from saga_operator.ops.metrics import COUNTERS, GAUGES, HISTOGRAMS, PrometheusMetrics


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


def test_the_first_saga_given_up_is_an_increase() -> None:
    assert b'skald_saga_finished_total{phase="Aborted"} 0.0' in PrometheusMetrics().page()
