"""Clients and users in the real database."""

from __future__ import annotations

import pytest
from identity.app import make_app
from identity.domain import Client
from identity.hashing import NOBODY, hash_secret, matches
from identity.seed import APP, CLIENTS, USERS, seed
from identity.settings import IdentitySeed
from identity.store import Clients, Grants, Users
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect
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


NOW = 1_000_000


@pytest.fixture
def begun(empty):
    """A grant at turn 0."""
    return Grants(empty).begin(client_id="app", user_id="ada", scope="a:a", redirect_uri="", challenge="", now=NOW)


def lose_answers(monkeypatch, count=1):
    """Carry out the next writes, and lose the answers."""
    write, left = Collection.find_one_and_update, [None] * count

    def lossy(*args, **named):
        done = write(*args, **named)
        if left:
            left.pop()
            raise AutoReconnect("the answer is lost")
        return done

    monkeypatch.setattr(Collection, "find_one_and_update", lossy)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_answer_of_the_database_is_no_reuse(empty, begun, monkeypatch, lost):
    lose_answers(monkeypatch, lost)
    taken = Grants(empty).take(begun.id, 0, NOW)
    assert (taken.turn, taken.revoked) == (1, False)
    assert Grants(empty).take(begun.id, 1, NOW).turn == 2


def test_a_turn_that_another_took_is_reused_even_when_the_answer_to_that_is_lost(empty, begun, monkeypatch):
    grants = Grants(empty)
    grants.take(begun.id, 0, NOW)
    lose_answers(monkeypatch)
    assert grants.take(begun.id, 0, NOW) is None
    assert grants.get(begun.id).revoked


def test_a_grant_that_was_stored_before_takers_and_beginnings_were_is_still_good(empty, begun):
    empty["grants"].update_one({"_id": begun.id}, {"$unset": {"state.taken_by": "", "state.begun": ""}})
    taken = Grants(empty).take(begun.id, 0, NOW)
    assert (taken.turn, taken.begun) == (1, NOW)


def test_the_web_role_makes_the_index_that_finds_what_is_over(settings, empty):
    client = make_app(settings, empty).test_client()
    assert client.get("/readyz").status_code == 200
    assert "ends" in empty["grants"].index_information()
    assert make_app(settings, empty).test_client().get("/readyz").status_code == 200, "it may be there already"
