"""The chart as a package: Helm takes it, its lock holds, and nothing else of the repository is in it."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from hack.chart.helm import helm, template
from hack.embedded.parts.helm import LINES
from tests.chart.renders import PROFILES

CHART = yaml.safe_load(Path("Chart.yaml").read_text())


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    helm(["package", ".", "--destination", str(folder)])
    (archive,) = folder.glob("*.tgz")
    return archive


@pytest.mark.parametrize("line", LINES)
def test_helm_lint_finds_nothing(line):
    assert helm(["lint", ".", "--quiet", "--strict"], line=line) == ""


@pytest.mark.parametrize("profile", PROFILES)
def test_both_lines_of_helm_render_the_same(profile):
    oldest, newest = (template("--kube-version=1.34.0", *PROFILES[profile], line=line) for line in LINES)
    assert oldest == newest


@pytest.mark.parametrize("version", ["1.32.0", "1.37.0"])
def test_oldest_and_newest_kubernetes_get_the_same(version):
    assert template(f"--kube-version={version}") == template()


def test_dependency_build_leaves_the_lock_as_it_is(tmp_path, package):
    with tarfile.open(package) as archive:
        archive.extractall(tmp_path, filter="data")
    chart = tmp_path / CHART["name"]
    shutil.copy("Chart.lock", chart)
    helm(["dependency", "build", str(chart)])
    assert (chart / "Chart.lock").read_text() == Path("Chart.lock").read_text()


def test_every_chart_has_the_version_of_the_whole():
    charts = [yaml.safe_load(file.read_text()) for file in Path("charts").glob("*/Chart.yaml")]
    locked = yaml.safe_load(Path("Chart.lock").read_text())["dependencies"]
    versions = {one["version"] for one in [*charts, *locked, *CHART["dependencies"]]}
    assert versions == {CHART["version"]}
    assert {chart["appVersion"] for chart in charts} == {CHART["appVersion"]}


def test_every_folder_in_charts_is_declared():
    assert {file.parent.name for file in Path("charts").glob("*/Chart.yaml")} == {
        d["name"] for d in CHART["dependencies"]
    }


def test_the_package_holds_the_chart_and_nothing_else_of_the_repository(package):
    with tarfile.open(package) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    top = {name.split("/")[0] for name in names}
    assert top == {
        "Chart.lock", "Chart.yaml", "charts", "files", "templates", "values.schema.json",
        "values.yaml", "values-kind.yaml", "values-minimal.yaml", "values-production.yaml",
    }  # fmt: skip
    assert "charts/gateway/files/kong.yaml" in names, "the gateway's one file travels with it"
    assert "charts/orders/definitions/place-order-v1.yaml" in names


def test_the_package_fits_into_a_release(package):
    """Helm keeps the chart in a Secret, and etcd takes 1 MiB."""
    assert package.stat().st_size < 200_000
