"""What is counted, for Prometheus. Labels are few and of bounded values: no ids, no names of sagas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from saga_operator.domain.kinds import Phase

COUNTERS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "replies": ("Replies received, by type; late, foreign and malformed ones were dropped", ("type",)),
    "publishes": ("Messages sent, by kind and by what became of them", ("kind", "outcome")),
    "patches": ("Status writes, by the API server's HTTP code; none: no answer", ("code",)),
    "conflicts": ("Status writes that another write had overtaken", ()),
    "retries": ("Commands and cancels sent again, because nobody answered or the answer was Failed", ("participant",)),
    "finished": ("Sagas that reached a terminal phase", ("phase",)),
    "reaped": ("Terminal sagas deleted after their ttlSecondsAfterFinished", ()),
    "faults": ("Events that could not be processed: each is a bug, see the log", ()),
}
"""Name to help text and labels; exported as ``skald_saga_<name>_total``."""
HISTOGRAMS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "duration_seconds": ("From a saga's start to its terminal phase", ("phase",)),
    "step_seconds": ("From an action's first command to its outcome", ("participant", "command")),
    "patch_seconds": ("One status write, as long as the API server took", ()),
}
GAUGES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "lease_held": ("1 where the Lease is held and sagas are run, 0 on standby", ()),
    "loop_lag_seconds": ("How late the event loop was with the last timer", ()),
}
LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("Live sagas", "phase"),
    "stalled": ("Live sagas that wait for something that they cannot bring about", "reason"),
}
"""Asked for at every scrape: name to help text and label."""
BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)


class PrometheusMetrics:
    """The engine's ``Metrics``. To count a name that is not listed above is a KeyError: none goes undocumented."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"skald_saga_{name}", text, labels, registry=self._registry)
            for name, (text, labels) in COUNTERS.items()
        }
        self._counted: dict[tuple[str, ...], Counter] = {}
        # begin at nought, else the first saga to end so would be no increase
        for phase in (phase for phase in Phase if phase.terminal):
            self._counters["finished"].labels(phase=phase.value)
        self._histograms = {
            name: Histogram(f"skald_saga_{name}", text, labels, registry=self._registry, buckets=BUCKETS)
            for name, (text, labels) in HISTOGRAMS.items()
        }
        self._gauges = {
            name: Gauge(f"skald_saga_{name}", text, labels, registry=self._registry)
            for name, (text, labels) in GAUGES.items()
        }

    def count(self, name: str, labels: Mapping[str, str]) -> None:
        """Add one."""
        # Looking a child up costs the library more than counting does, and this is called a dozen times per saga.
        key = (name, *labels.values())
        counter = self._counted.get(key)
        if counter is None:
            parent = self._counters[name]
            counter = self._counted[key] = parent.labels(**labels) if labels else parent
        counter.inc()

    def observe(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Add one observation."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def gauge(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Set a level."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def watch(self, name: str, source: Callable[[], Mapping[str, int]]) -> None:
        """Export what ``source`` says at every scrape, by the values of the one label."""
        self._registry.register(_Level(name, source))

    def page(self) -> bytes:
        """The exposition, in Prometheus' text format."""
        return generate_latest(self._registry)


class _Level(Collector):
    def __init__(self, name: str, source: Callable[[], Mapping[str, int]]) -> None:
        self._name = name
        self._source = source

    def collect(self) -> Iterator[Metric]:
        text, label = LEVELS[self._name]
        family = GaugeMetricFamily(f"skald_saga_{self._name}", text, labels=[label])
        for value, number in self._source().items():
            family.add_metric([value], number)
        yield family
