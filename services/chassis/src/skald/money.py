"""Money, everywhere: integer minor units of an ISO 4217 currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

__all__ = ["LARGEST_AMOUNT", "Money"]

LARGEST_AMOUNT: Final = 2**53 - 1
"""Minor units. What is more than this is not exact as a JSON number."""


@dataclass(frozen=True, slots=True)
class Money:
    """A positive amount in minor units: cents of EUR, yen of JPY. The bounds show in OpenAPI; readers check them."""

    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]

    def times(self, quantity: int) -> Money:
        """The price of ``quantity`` pieces."""
        return Money(self.amount * quantity, self.currency)
