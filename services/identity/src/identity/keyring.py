"""The keys that sign tokens, and how one takes another's place without a token being refused.

A key is published before it signs, so that every verifier knows it by then, and stays published after it has signed,
until its last token has expired: publish, sign, retire. A person or a job does the three, with time between them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from joserfc.jwk import KeySetSerialization, RSAKey
from pymongo.database import Database
from skald.mongo import Document, StoreUnavailable
from skald.repository import AlreadyExists, Done, Repository, codec_of

__all__ = ["ALGORITHM", "FRESH", "Keyring", "RotationError"]

logger = logging.getLogger(__name__)

ALGORITHM: Final = "RS256"
"""Every service and the gateway verify every token, so what counts is verifying: 31 us, a third of ES256's."""
FRESH: Final = 5.0
"""Seconds for which a process goes by the keys that it read: how late it learns of a change."""
_KEY_BITS: Final = 2048
_SIGNING: Final = "signing"


class RotationError(Exception):
    """The step does not follow from the keys that there are; the message says which step would."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Private JWKs; the first one signs."""

    keys: tuple[dict[str, Any], ...]
    retiring: str = ""
    """The key that signed before and is published for its last tokens' sake."""

    @property
    def kids(self) -> tuple[str, ...]:
        """Their names, in that order."""
        return tuple(str(key["kid"]) for key in self.keys)


class Keyring:
    """The issuer's keys.

    The first is made at first use, once for all processes: only one insert of the document can succeed, and the others
    read it. While the database is away the keys that were read last stay in use.
    """

    def __init__(self, database: Database[Document], clock: Callable[[], float] = time.monotonic) -> None:
        self._repository = Repository(database["keyring"], codec_of(SigningKeys))
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: list[RSAKey] = []
        self._read_at = float("-inf")

    def signing_key(self) -> RSAKey:
        """The key that signs. Raises StoreUnavailable while the keys have never been read."""
        return self._load()[0]

    def public(self) -> KeySetSerialization:
        """The JWKS that everybody may see. Raises StoreUnavailable while the keys have never been read."""
        return {"keys": [key.as_dict(private=False) for key in self._load()]}

    def publish_another(self) -> str:
        """Publish a new key, which does not sign yet. Returns its kid. Raises RotationError, StoreUnavailable."""
        self._read_or_make()
        key = _new_key()

        def add(present: SigningKeys) -> Done[SigningKeys]:
            if len(present.keys) > 1 and key["kid"] not in present.kids:
                raise RotationError(f"there are two keys already: {_next_step(present)}")
            return Done(SigningKeys((present.keys[0], key)))

        return self._change(add).kids[1]

    def sign_with_new(self) -> str:
        """Let the key that was published last sign from now on. Returns its kid.

        Raises RotationError, StoreUnavailable.
        """
        began = self._read_or_make()
        if len(began.keys) == 1 or began.retiring:
            raise RotationError(f"no new key waits: {_next_step(began)}")
        old, new = began.keys
        return self._change(lambda _: Done(SigningKeys((new, old), retiring=str(old["kid"])))).kids[0]

    def retire_old(self) -> str:
        """Publish the signing key alone: tokens of the other are refused. Returns its kid.

        Raises RotationError while the other key has not signed yet, StoreUnavailable.
        """
        began = self._read_or_make()
        if not began.retiring:
            raise RotationError(f"no key has been replaced: {_next_step(began)}")
        return self._change(lambda present: Done(SigningKeys(present.keys[:1]))).kids[0]

    def _change(self, change: Callable[[SigningKeys], Done[SigningKeys]]) -> SigningKeys:
        return self._repository.update(_SIGNING, change).state

    def _load(self) -> list[RSAKey]:
        with self._lock:
            if self._clock() - self._read_at > FRESH:
                self._refresh()
            return self._keys

    def _refresh(self) -> None:
        try:
            self._keys = [RSAKey.import_key(key) for key in self._read_or_make().keys]
        except StoreUnavailable as error:
            if not self._keys:
                raise
            logger.warning("the keyring cannot be read, the known keys stay in use: %s", error)
        self._read_at = self._clock()

    def _read_or_make(self) -> SigningKeys:
        if stored := self._repository.get(_SIGNING):
            return stored.state
        try:
            return self._repository.insert(_SIGNING, SigningKeys((_new_key(),))).state
        except AlreadyExists:
            return self._read_or_make()


def _next_step(keys: SigningKeys) -> str:
    if keys.retiring:
        return f"{keys.retiring} is to be retired"
    return (
        f"{keys.kids[1]} is to sign" if len(keys.keys) > 1 else f"{keys.kids[0]} is the only one, publish another first"
    )


def _new_key() -> dict[str, Any]:
    key = RSAKey.generate_key(_KEY_BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return dict(key.as_dict(private=True))
