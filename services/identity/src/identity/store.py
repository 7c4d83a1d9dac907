"""Where clients, users and signing keys are kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from joserfc.jwk import KeySetSerialization, RSAKey
from pymongo.database import Database
from skald.mongo import Document
from skald.repository import AlreadyExists, Done, Repository, codec_of

from identity.domain import Client, User

__all__ = ["ALGORITHM", "Clients", "Keyring", "Users"]

ALGORITHM: Final = "RS256"
"""Every service and the gateway verify every token, so what counts is verifying: 31 us, a third of ES256's."""
_KEY_BITS: Final = 2048
_SIGNING: Final = "signing"

State = TypeVar("State")


class Users:
    """All users, by id."""

    def __init__(self, database: Database[Document]) -> None:
        self._repository = Repository(database["users"], codec_of(User))

    def get(self, user_id: str) -> User | None:
        """One user."""
        stored = self._repository.get(user_id)
        return stored.state if stored else None

    def put(self, user: User) -> None:
        """Stores the user, new or changed."""
        _put(self._repository, user.id, user)


class Clients:
    """All clients, by id."""

    def __init__(self, database: Database[Document]) -> None:
        self._repository = Repository(database["clients"], codec_of(Client))

    def get(self, client_id: str) -> Client | None:
        """One client."""
        stored = self._repository.get(client_id)
        return stored.state if stored else None

    def put(self, client: Client) -> None:
        """Stores the client, new or changed."""
        _put(self._repository, client.id, client)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Private JWKs; the first one signs."""

    keys: tuple[dict[str, Any], ...]


class Keyring:
    """The issuer's keys.

    Made at first use, once for all processes: only one insert of the document can succeed, and the others read it.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._repository = Repository(database["keyring"], codec_of(SigningKeys))
        self._lock = threading.Lock()
        self._keys: list[RSAKey] = []

    def signing_key(self) -> RSAKey:
        """The key that signs. Raises StoreUnavailable while the keys have never been read."""
        return self._load()[0]

    def public(self) -> KeySetSerialization:
        """The JWKS that everybody may see. Raises StoreUnavailable while the keys have never been read."""
        return {"keys": [key.as_dict(private=False) for key in self._load()]}

    def _load(self) -> list[RSAKey]:
        with self._lock:
            if not self._keys:
                self._keys = [RSAKey.import_key(key) for key in self._read_or_make().keys]
            return self._keys

    def _read_or_make(self) -> SigningKeys:
        if stored := self._repository.get(_SIGNING):
            return stored.state
        key = RSAKey.generate_key(_KEY_BITS, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        made = SigningKeys((dict(key.as_dict(private=True)),))
        try:
            return self._repository.insert(_SIGNING, made).state
        except AlreadyExists:
            return self._read_or_make()


def _put(repository: Repository[State], id_: str, state: State) -> None:
    try:
        repository.insert(id_, state)
    except AlreadyExists:
        repository.update(id_, lambda _: Done(state))
