from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from operators.saga.tests.component.kit.yard import CHAIN, Yard


@pytest.fixture
def yard(parts: Any, tmp_path: Path) -> Iterator[Yard]:
    """A namespace and a vhost of the test's own."""
    with ExitStack() as stack:
        yield Yard(parts, tmp_path, stack)


@pytest.fixture
def shop(yard: Yard) -> Yard:
    """A yard with a running operator, three participants that succeed, and the definition ``chain``."""
    yard.main = yard.operator()
    yard.main.start()
    yard.inventory, yard.payments, yard.shipping = (
        yard.participant(name) for name in ("inventory", "payments", "shipping")
    )
    yard.define("chain", *CHAIN)
    return yard
