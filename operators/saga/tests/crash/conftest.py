from __future__ import annotations

from operators.saga.tests.component.conftest import yard

__all__ = ["yard"]
