"""The signing keys in the real database: one for all processes, and exchanged without a token being refused."""

from __future__ import annotations

import threading

import pytest
from identity.keyring import FRESH, Keyring, RotationError
from skald.mongo import StoreUnavailable


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def kids(ring):
    return [key["kid"] for key in ring.public()["keys"]]


def test_processes_that_start_at_once_agree_on_one_key(empty):
    rings = [Keyring(empty) for _ in range(6)]
    together, kids = threading.Barrier(len(rings)), []

    def start(ring):
        together.wait(30)
        kids.append(ring.signing_key().kid)

    threads = [threading.Thread(target=start, args=(ring,)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kids) == len(rings)
    assert len(set(kids)) == 1
    assert empty["keyring"].count_documents({}) == 1


def test_a_restart_keeps_the_key(empty):
    assert Keyring(empty).signing_key().kid == Keyring(empty).signing_key().kid


def test_without_a_database_there_is_no_key_and_later_there_is(empty, monkeypatch):
    ring = Keyring(empty)
    with monkeypatch.context() as patch:
        patch.setattr(ring._repository, "get", _away)
        with pytest.raises(StoreUnavailable):
            ring.signing_key()
    assert ring.signing_key().kid


def _away(_):
    raise StoreUnavailable("away")


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after_it_has_signed(empty):
    old = Keyring(empty).signing_key().kid
    new = Keyring(empty).publish_another()
    assert (Keyring(empty).signing_key().kid, kids(Keyring(empty))) == (old, [old, new])
    assert Keyring(empty).sign_with_new() == new
    assert (Keyring(empty).signing_key().kid, kids(Keyring(empty))) == (new, [new, old])
    assert Keyring(empty).retire_old() == new
    assert kids(Keyring(empty)) == [new]


def test_a_process_learns_of_another_key_while_it_runs(empty):
    clock = Clock()
    ring = Keyring(empty, clock)
    before = kids(ring)
    new = Keyring(empty).publish_another()
    assert kids(ring) == before
    clock.now += FRESH + 1
    assert kids(ring) == [*before, new]


def test_while_the_database_is_away_the_known_keys_stay_in_use(empty, monkeypatch):
    clock = Clock()
    ring = Keyring(empty, clock)
    known = kids(ring)
    monkeypatch.setattr(ring._repository, "get", _away)
    clock.now += FRESH + 1
    assert kids(ring) == known


def test_a_step_out_of_turn_changes_nothing_and_names_the_one_that_is_due(empty):
    ring = Keyring(empty)
    with pytest.raises(RotationError, match="publish another first"):
        ring.sign_with_new()
    new = ring.publish_another()
    for early in (ring.publish_another, ring.retire_old):
        with pytest.raises(RotationError, match=f"{new} is to sign"):
            early()
    old = kids(Keyring(empty))[0]
    ring.sign_with_new()
    for late in (ring.publish_another, ring.sign_with_new):
        with pytest.raises(RotationError, match=f"{old} is to be retired"):
            late()
    assert kids(Keyring(empty)) == [new, old]
