from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from operators.saga.tests.component.kit import unhurried
from operators.saga.tests.component.kit.yard import Shop, Yard


@pytest.fixture
def yard(parts: Any, tmp_path: Path) -> Iterator[Yard]:
    """A namespace and a vhost of the test's own."""
    with ExitStack() as stack:
        yield Yard(parts, tmp_path, stack)


@pytest.fixture(scope="session")
def one_shop(parts: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with ExitStack() as stack:
        yield Shop(Yard(parts, tmp_path_factory.mktemp("shop"), stack))


@pytest.fixture
def shop(one_shop: Shop) -> Iterator[Shop]:
    """A running operator with three participants that succeed; shared, so every test names its sagas its own way."""
    yield one_shop
    one_shop.reset()


@pytest.fixture(scope="session")
def one_unhurried_shop(parts: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with ExitStack() as stack:
        yield Shop(Yard(parts, tmp_path_factory.mktemp("unhurried"), stack), unhurried.__name__)


@pytest.fixture
def unhurried_shop(one_unhurried_shop: Shop) -> Iterator[Shop]:
    """The same, and etcd is written for a saga only where something rests on it: for tests that count the writes."""
    yield one_unhurried_shop
    one_unhurried_shop.reset()
