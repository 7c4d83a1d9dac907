"""The chart on a cluster, as its users meet it. `python -m hack.kind e2e` makes one, installs and runs this."""

from __future__ import annotations

import pytest

from tests.e2e.cluster import Cluster
from tests.integration.shop import Shop


@pytest.fixture(scope="session")
def cluster():
    """The cluster that `python -m hack.kind up` made."""
    return Cluster.of_kind()


@pytest.fixture
def shop(cluster):
    """A customer. Tokens live for minutes, so each test gets its own."""
    return Shop(cluster)
