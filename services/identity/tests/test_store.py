"""Clients and users in the real database."""

from __future__ import annotations

import pytest
from identity.domain import Client
from identity.hashing import NOBODY, hash_secret, matches
from identity.seed import APP, CLIENTS, USERS, seed
from identity.settings import IdentitySeed
from identity.store import Clients, Users
from skald.settings import SettingsError


def test_seeding_twice_changes_nothing(empty):
    seed(empty, "a-secret-of-the-demo")
    before = {name: list(empty[name].find()) for name in ("users", "clients")}
    seed(empty, "a-secret-of-the-demo")
    assert {name: list(empty[name].find()) for name in ("users", "clients")} == before
    assert len(before["users"]) == len(USERS)
    assert {one["_id"] for one in before["clients"]} == {APP.id, *(client.id for client in CLIENTS)}


def test_seeding_with_another_secret_replaces_the_old_one(empty):
    seed(empty, "the-first-long-secret")
    seed(empty, "the-second-long-secret")
    stored = Clients(empty).get("demo")
    assert matches("the-second-long-secret", stored.secret_hash)
    assert not matches("the-first-long-secret", stored.secret_hash)


def test_what_is_put_is_what_is_got(empty):
    clients = Clients(empty)
    assert clients.get("robot") is None
    clients.put(Client("robot", "hash", ("orders:read",)))
    clients.put(Client("robot", "hash", ("orders:read", "orders:write"), user_id="ada"))
    assert clients.get("robot") == Client("robot", "hash", ("orders:read", "orders:write"), user_id="ada")
    assert Users(empty).get("ada") is None


def test_secrets_are_argon2id_and_the_empty_one_never_matches():
    stored = hash_secret("s3cret")
    assert stored.startswith("$argon2id$")
    assert matches("s3cret", stored)
    assert not matches("S3cret", stored)
    assert not matches("", hash_secret(""))
    assert not matches("", NOBODY)


def test_a_short_demo_secret_is_refused():
    with pytest.raises(SettingsError, match="16 characters"):
        IdentitySeed.from_env({"SKALD_DEMO_CLIENT_SECRET": "short"})
