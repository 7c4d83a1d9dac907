"""Where clients, users and what they granted are kept."""

from __future__ import annotations

import secrets
from typing import TypeVar

from pymongo import ASCENDING
from pymongo.database import Database
from skald.mongo import Document, store_errors
from skald.repository import AlreadyExists, Done, NotFound, Repository, codec_of

from identity.domain import Client, User
from identity.grants import CODE_LIFE, Grant, Over, Reused, read_token

__all__ = ["Clients", "Grants", "Users"]

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


class Grants:
    """What users have granted, by id."""

    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["grants"]
        self._repository = Repository(self._collection, codec_of(Grant))

    @store_errors()
    def ensure_index(self) -> None:
        """Make the index that finds what is over. Safe to repeat."""
        self._collection.create_index([("state.ends", ASCENDING)], name="ends")

    def begin(self, *, client_id: str, user_id: str, scope: str, redirect_uri: str, challenge: str, now: int) -> Grant:
        """A new grant, whose token is a code; ``now`` in Unix seconds. Forgets those that are over."""
        with store_errors():
            self._collection.delete_many({"state.ends": {"$lt": now}})
        grant = Grant(
            id=secrets.token_urlsafe(16),
            client_id=client_id,
            user_id=user_id,
            scope=scope,
            redirect_uri=redirect_uri,
            challenge=challenge,
            seed=secrets.token_urlsafe(32),
            ends=now + CODE_LIFE,
            begun=now,
        )
        return self._repository.insert(grant.id, grant).state

    def get(self, grant_id: str) -> Grant | None:
        """One grant."""
        stored = self._repository.get(grant_id)
        return stored.state if stored else None

    def of_token(self, token: str) -> tuple[Grant, int] | None:
        """The grant that a code or refresh token was issued for, and its turn; None for a token that never was."""
        read = read_token(token)
        grant = self.get(read[0]) if read else None
        return (grant, read[1]) if read and grant and grant.issued(read[1], read[2]) else None

    def take(self, grant_id: str, turn: int, now: int) -> Grant | None:
        """The grant at its next turn; None when it is over. One whose turn was taken before is over from now on."""
        me = secrets.token_urlsafe(16)

        def change(present: Grant) -> Done[Grant]:
            if present.was_taken(turn, me):
                return Done(present)  # by the try before this one, whose answer was lost
            try:
                return Done(present.take(turn, now, me))
            except Reused:
                return Done(present.revoke())

        try:
            taken = self._repository.update(grant_id, change).state
        except (NotFound, Over):
            return None
        return None if taken.revoked else taken

    def revoke(self, grant_id: str) -> None:
        """Nothing follows from it any more. Harmless where there is none."""
        try:
            self._repository.update(grant_id, lambda present: Done(present.revoke()))
        except NotFound:
            return


def _put(repository: Repository[State], id_: str, state: State) -> None:
    try:
        repository.insert(id_, state)
    except AlreadyExists:
        repository.update(id_, lambda _: Done(state))
