"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from identity.keyring import Keyring
from identity.oauth import Server
from identity.store import Users

__all__ = ["Deps"]


@dataclass(frozen=True, slots=True)
class Deps:
    """Made by the composition root."""

    server: Server
    keyring: Keyring
    users: Users
    issuer: str
