"""A linter that is not ours finds nothing, but for the waivers and their reasons in hack/chart/checkov.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hack.chart.checkov import WAIVERS, find_checkov, find_faults
from hack.chart.helm import template
from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import cache_folder


@pytest.fixture(scope="module")
def checkov() -> Path:
    return find_checkov(cache_folder(), REPOSITORY / ".platform" / "logs")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("values", ["values.yaml", "values-production.yaml"])
def test_checkov_finds_nothing(checkov, tmp_path, values):
    manifests = tmp_path / "rendered.yaml"
    manifests.write_text(template("--values", values))
    assert find_faults(checkov, manifests) == []


@pytest.mark.timeout(600)
def test_checkov_finds_a_pod_that_may_do_everything(checkov, tmp_path):
    """Else its silence would say nothing."""
    manifests = tmp_path / "careless.yaml"
    manifests.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: careless, namespace: shop}\n"
        "spec:\n  containers:\n    - {name: a, image: busybox, securityContext: {privileged: true}}\n"
    )
    assert any(fault.startswith("CKV_K8S_16 ") for fault in find_faults(checkov, manifests))


def test_every_waiver_has_its_reason():
    lines = WAIVERS.read_text().splitlines()
    for check in yaml.safe_load(WAIVERS.read_text())["skip-check"]:
        at = next(number for number, line in enumerate(lines) if check in line)
        above = next(line.strip() for line in reversed(lines[:at]) if "CKV_" not in line)
        assert above.startswith("# "), check
