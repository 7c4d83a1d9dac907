"""Roles that exchange the signing key; each does one step, says what it did and what comes next, and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable

from skald.mongo import connect

from identity.domain import TOKEN_LIFE
from identity.keyring import Keyring, RotationError
from identity.settings import IdentityKeys

__all__ = ["publish_key", "retire_old_key", "sign_with_new_key"]


def publish_key() -> None:
    """Role publish-key."""
    kid = _step(Keyring.publish_another)
    print(f"{kid} is published. In a minute, when gateways and services know it: sign-with-new-key")


def sign_with_new_key() -> None:
    """Role sign-with-new-key."""
    kid = _step(Keyring.sign_with_new)
    life = TOKEN_LIFE // 60 + 1
    print(f"{kid} signs. In {life} minutes, when the last token of the old key has expired: retire-old-key")


def retire_old_key() -> None:
    """Role retire-old-key."""
    kid = _step(Keyring.retire_old)
    print(f"{kid} is the only key; tokens of any other are refused")


def _step(step: Callable[[Keyring], str]) -> str:
    try:
        return step(Keyring(connect(IdentityKeys.from_env())))
    except RotationError as error:
        sys.exit(str(error))
