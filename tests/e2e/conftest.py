"""The chart on a cluster, as its users meet it. `make e2e` makes one, installs and runs this."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from hack.embedded.instance import REPOSITORY
from hack.kind.checkout import Checkout
from hack.kind.checkout import previous_release as previous_checkout
from hack.kind.diagnosis import snapshot
from hack.kind.kubectl import HOME
from hack.kind.record import Installed
from tests.e2e.cluster import Cluster
from tests.integration.shop import Shop

LAST = ("test_uninstall", "test_upgrade", "test_namespace")
"""These leave nothing that others could be tested on, and each begins where the one before ends."""


@dataclass(frozen=True)
class Release:
    """What `helm install NAME CHART OPTIONS` takes; its images are on the nodes."""

    chart: Path
    options: list[str]
    tag: str
    """Of its images."""


@pytest.fixture(scope="session")
def installed() -> Installed:
    """What the runner installed, and how."""
    return Installed.read()


@pytest.fixture(scope="session")
def cluster(installed):
    """The cluster that the runner made."""
    return Cluster(installed)


@pytest.fixture(scope="session")
def current_release(installed):
    """This checkout."""
    return Release(REPOSITORY, Checkout(REPOSITORY, installed.tag).options(registry=installed.registry), installed.tag)


@pytest.fixture(scope="session")
def previous_release(installed):
    """The release that the file `previous-release` names. Only `make e2e` puts its images on the nodes."""
    release = previous_checkout(HOME)
    extra = Path(__file__).with_name("previous-values.yaml")
    return Release(release.path, [*release.options(registry=installed.registry), f"--values={extra}"], release.tag)


@pytest.fixture
def make_shop(cluster):
    """A customer who comes when the platform is up, or one more. Tokens live for minutes, so each test has its own."""
    return lambda: Shop(cluster)


@pytest.fixture
def shop(make_shop):
    return make_shop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LAST.index(item.path.stem) if item.path.stem in LAST else -1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failed test leaves the cluster's state as it is now: the next test changes it."""
    report = yield
    if report.failed:
        snapshot(re.sub(r"[^\w-]+", "-", item.name))
    return report
