"""Client secrets: stored as argon2id hashes, and checked in the same time whether or not the client exists."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

__all__ = ["NOBODY", "hash_secret", "matches"]

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The least that OWASP advises: these are long random secrets, not passwords, and 8 threads at once need 150 MB."""

NOBODY: Final = _HASHER.hash("")
"""What an unknown client's secret is compared with. No client can send it: the empty secret is refused before."""


def hash_secret(secret: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(secret)


def matches(secret: str, stored: str) -> bool:
    """Whether ``stored`` is the hash of the secret."""
    try:
        return bool(secret) and _HASHER.verify(stored, secret)
    except VerifyMismatchError:
        return False
