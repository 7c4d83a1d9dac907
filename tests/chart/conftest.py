"""Renders of the chart, each made once."""

from __future__ import annotations

import pytest

from tests.chart.renders import PROFILES, Render, rendered


@pytest.fixture(scope="session", params=PROFILES)
def profile(request) -> Render:
    """The render of every profile in turn."""
    return rendered(request.param)


@pytest.fixture(scope="session")
def default() -> Render:
    return rendered("default")
