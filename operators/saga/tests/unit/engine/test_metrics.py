from __future__ import annotations

import pytest
from saga_operator.ops.metrics import COUNTERS, GAUGES, HISTOGRAMS, PrometheusMetrics


def test_no_metric_has_a_label_whose_values_grow_with_the_sagas() -> None:
    labels = {label for _, names in [*COUNTERS.values(), *HISTOGRAMS.values(), *GAUGES.values()] for label in names}
    assert labels <= {"type", "kind", "outcome", "code", "phase"}


def test_live_sagas_are_counted_at_the_scrape() -> None:
    phases = {"Running": 0}
    metrics = PrometheusMetrics()
    metrics.watch_phases(lambda: phases)
    phases["Running"] = 3
    assert b'skald_saga_active{phase="Running"} 3.0' in metrics.page()


def test_an_undocumented_metric_is_refused() -> None:
    with pytest.raises(KeyError):
        PrometheusMetrics().count("surprise", {})
