"""The gateway under test. Another one joins by a ``Rig`` of its own."""

from __future__ import annotations

import pytest

from tests.gateway.envoy import EnvoyRig
from tests.gateway.rig import document
from tests.gateway.upstream import Behaviour


@pytest.fixture(scope="session")
def rig(tmp_path_factory):
    rig = EnvoyRig(tmp_path_factory.mktemp("gateway"), document())
    yield rig
    rig.close()


@pytest.fixture
def gateway(rig):
    """Every service well, and identity's one key published."""
    for targets in rig.upstreams.values():
        for target in targets:
            target.behaviour = Behaviour()
    return rig


@pytest.fixture
def token(rig) -> str:
    """A good one that no other test has."""
    return rig.key.token()
