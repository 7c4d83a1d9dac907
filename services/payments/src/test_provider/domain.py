"""The test provider's rules: which card does what, and what may become of an authorization. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Card", "Entry", "Request", "State", "card_of"]

_FAILS: Final = re.compile(r"tok_fails_([1-9])")


class State(StrEnum):
    """Where an entry of the ledger stands. Declined, Voided and Captured are final."""

    RECEIVED = "Received"
    APPROVED = "Approved"
    DECLINED = "Declined"
    VOIDED = "Voided"
    CAPTURED = "Captured"


@dataclass(frozen=True, slots=True)
class Card:
    """How the card behind a token behaves."""

    approves: bool
    slow: bool = False
    failures: int = 0
    """How many attempts under one key are answered 503 before the card is looked at."""


def card_of(token: str) -> Card | None:
    """The card behind ``tok_approved``, ``tok_declined``, ``tok_slow`` or ``tok_fails_N`` (N from 1 to 9)."""
    match token:
        case "tok_approved":
            return Card(approves=True)
        case "tok_declined":
            return Card(approves=False)
        case "tok_slow":
            return Card(approves=True, slow=True)
        case _:
            fails = _FAILS.fullmatch(token)
            return Card(approves=True, failures=int(fails[1])) if fails else None


@dataclass(frozen=True, slots=True)
class Request:
    """What one key asks for. The same key with another request is a mistake of the caller."""

    token: str
    amount: int
    """Minor units of the currency."""
    currency: str
    order: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: everything that happened under one key."""

    key: str
    request: Request | None
    """None when the key was voided before anything was asked under it."""
    state: State
    attempts: int = 0
    authorization: str | None = None
    """Its id, from the moment it was approved."""
    capture: str | None = None
    capture_key: str | None = None
