"""Where clients and users are kept."""

from __future__ import annotations

from typing import TypeVar

from pymongo.database import Database
from skald.mongo import Document
from skald.repository import AlreadyExists, Done, Repository, codec_of

from identity.domain import Client, User

__all__ = ["Clients", "Users"]

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


def _put(repository: Repository[State], id_: str, state: State) -> None:
    try:
        repository.insert(id_, state)
    except AlreadyExists:
        repository.update(id_, lambda _: Done(state))
