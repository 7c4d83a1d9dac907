"""Each alert wakes somebody for what it is for, and not for what only looks like it: by Prometheus' own program, and of
series that are really exported."""

from __future__ import annotations

import re

import pytest

from hack.chart.helm import render
from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import cache_folder
from hack.embedded.parts.promtool import find_promtool
from tests.chart.alerts import CASES, expected
from tests.chart.exported import exported
from tests.chart.promtool import Promtool
from tests.chart.renders import Object, Render

pytestmark = pytest.mark.timeout(600)  # the first one may have to fetch promtool
case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)


@pytest.fixture(scope="module")
def watched() -> Render:
    """The chart where there is a Prometheus operator."""
    return Render("watched", render("--api-versions=monitoring.coreos.com/v1"))


@pytest.fixture(scope="module")
def groups(watched) -> dict[str, Object]:
    """Every group of rules that the chart has, by name."""
    return {group["name"]: group for one in watched.of("PrometheusRule") for group in one["spec"]["groups"]}


@pytest.fixture
def promtool(tmp_path) -> Promtool:
    return Promtool(find_promtool(cache_folder(), REPOSITORY / ".platform" / "logs"), tmp_path)


def test_prometheus_understands_every_rule(promtool, groups):
    promtool.check(list(groups.values()))


@case
def test_an_alert_fires_on_what_it_is_for(promtool, groups, case):
    group = groups[case.group]
    promtool.judge(group, case, case.fires, [expected(case, group)])


@case
def test_an_alert_is_silent_just_below(promtool, groups, case):
    promtool.judge(groups[case.group], case, case.silent, [])


def test_every_alert_has_its_case(groups):
    alerts = {rule["alert"] for group in groups.values() for rule in group["rules"]}
    assert alerts == {case.alert for case in CASES}


def test_alerts_ask_for_jobs_that_prometheus_scrapes(watched, groups):
    asked = {
        job
        for group in groups.values()
        for rule in group["rules"]
        for job in re.findall(r'job="([^"]+)"', rule["expr"])
    }
    assert asked <= set(scraped(watched)), "by default a job is called as its Service"


def test_an_alert_asks_for_series_of_its_own_workload_in_its_own_namespace(groups):
    """Another release in another namespace has workloads of the same names."""
    metrics = {series.partition("{")[0] for case in CASES for series in case.fires | case.silent}
    for name, group in groups.items():
        job = "gateway-metrics" if name == "gateway" else name
        for rule in group["rules"]:
            selectors = re.findall(rf"\b(?:{'|'.join(metrics)})\b([^}}]*)", rule["expr"])
            assert selectors, f"{rule['alert']} asks for no metric that its case has"
            for selector in selectors:
                assert selector.startswith(f'{{namespace="shop", job="{job}"'), (rule["alert"], selector)


def test_the_gateway_is_not_up_because_what_renews_its_keys_is(watched, groups):
    (down,) = (rule for rule in groups["gateway"]["rules"] if rule["alert"] == "NoReplica")
    assert 'endpoint="metrics"' in down["expr"]
    assert scraped(watched)["gateway-metrics"] == {"metrics", "keys-metrics"}


def scraped(chart: Render) -> dict[str, set[str]]:
    """By Service, the ports that some ServiceMonitor has scraped."""
    found: dict[str, set[str]] = {}
    for monitor in chart.of("ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        ports = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
        for service in chart.of("Service"):
            if wanted.items() <= service["metadata"]["labels"].items():
                found[service["metadata"]["name"]] = ports & {port["name"] for port in service["spec"]["ports"]}
    return found


def test_alerts_ask_for_metrics_and_labels_that_are_exported(parts):
    names = exported(f"http://127.0.0.1:{parts.instance.ports['rabbitmq-metrics']}/metrics/per-object")
    for series in {one for case in CASES for one in (*case.fires, *case.silent)}:
        metric, _, selector = series.partition("{")
        assert metric in names, f"nothing exports {metric}"
        assert set(re.findall(r"(\w+)=", selector)) <= {"namespace", "job", "pod", "endpoint"} | names[metric], series
