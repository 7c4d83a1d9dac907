"""Fixtures for tests that need the real thing: the instance ``test``, brought up on first use and left up.

``make test`` takes it down. Tests share it, so one that needs quiet makes its own vhost, namespace or database.
SKALD_TEST_INSTANCE names another instance, for who wants one of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from hack.embedded.platform import Platform


def pytest_configure() -> None:
    """No test is timed: on a busy machine hypothesis would call a slow example a failure."""
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


@pytest.fixture(scope="session")
def parts() -> Iterator[Platform]:
    """The instance ``test`` with Kubernetes API, database, broker and tokens; services may be down."""
    yield from _opened(only_parts=True)


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """The instance ``test``, whole."""
    yield from _opened(only_parts=False)


def _opened(*, only_parts: bool) -> Iterator[Platform]:
    # imported here, so that tests without a platform need not wait for it
    from hack.embedded.platform import open_platform  # noqa: PLC0415

    opened = open_platform(os.environ.get("SKALD_TEST_INSTANCE", "test"), only_parts=only_parts)
    yield opened
    opened.close()
