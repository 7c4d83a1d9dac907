"""The shop as its users meet it: HTTP through the gateway, Saga objects through the API server, the services' books."""

from __future__ import annotations

import pytest

from tests.integration.books import Books
from tests.integration.broker import Tap
from tests.integration.shop import Shop


@pytest.fixture(scope="session")
def one_shop(platform):
    return Shop(platform)


@pytest.fixture
def shop(one_shop):
    """A client of the running platform, with the demo user's token."""
    one_shop.stay_logged_in()
    return one_shop


@pytest.fixture
def books(platform, shop):
    """What the participants' own records say; checked again after every test that uses it."""
    books = Books(platform, shop)
    yield books
    books.check()


@pytest.fixture
def tap(platform):
    """Sees a copy of every command, and of every reply to one."""
    with Tap(platform) as tap:
        yield tap
