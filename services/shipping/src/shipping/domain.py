"""What a shipment is. Pure: no clock, no database, no broker."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass

__all__ = ["Line", "Shipment", "tracking_number"]


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one SKU in the parcel."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel on its way. It is dispatched from the moment it exists: nothing after the pivot is taken back."""

    id: str
    order: str
    user: str
    address: str
    """A reference into the customer's address book, never the address itself."""
    lines: tuple[Line, ...]
    tracking: str


def tracking_number(command_id: str) -> str:
    """The number on the parcel: made from the command, so that a repeated dispatch cannot print a second label.

    Sixteen characters of base32 behind the carrier's prefix: 80 of the command id's bits.
    """
    return "SK" + base64.b32encode(uuid.UUID(command_id).bytes[:10]).decode()
