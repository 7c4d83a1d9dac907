"""A grant's turns: each taken once, in order, in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.grants import CODE_LIFE, GRANT_LIFE, REFRESH_LIFE, Grant, Over, Reused, read_token

NOW = 1_000_000
GRANT = Grant("g-1", "app", "ada", "orders:read", "http://127.0.0.1/cb", "challenge", "seed", ends=NOW + CODE_LIFE)


def test_each_turn_has_a_token_of_its_own_that_leads_back_to_it():
    grant, tokens = GRANT, []
    for turn in range(5):
        tokens.append(grant.token)
        assert read_token(grant.token)[:2] == ("g-1", turn)
        grant = grant.take(turn, NOW)
    assert len(set(tokens)) == 5
    for token in tokens:
        assert grant.issued(*read_token(token)[1:])


@given(st.text(), st.integers(0, 10))
def test_a_made_up_proof_was_never_issued(proof, turn):
    assert not GRANT.issued(turn, proof)


def test_the_next_turns_token_is_not_issued_before_its_time():
    after = GRANT.take(0, NOW)
    assert not GRANT.issued(*read_token(after.token)[1:])


@given(st.text())
def test_what_is_no_token_is_read_as_none_or_leads_nowhere(text):
    read = read_token(text)
    assert read is None or not GRANT.issued(read[1], read[2])


def test_a_turn_can_be_taken_once():
    after = GRANT.take(0, NOW)
    with pytest.raises(Reused, match="turn 0 of grant g-1 was taken before"):
        after.take(0, NOW)


def test_a_code_is_good_for_a_minute_and_a_refresh_token_for_a_month():
    GRANT.take(0, NOW + CODE_LIFE - 1)
    with pytest.raises(Over):
        GRANT.take(0, NOW + CODE_LIFE)
    refreshed = GRANT.take(0, NOW)
    refreshed.take(1, NOW + REFRESH_LIFE - 1)
    with pytest.raises(Over):
        refreshed.take(1, NOW + REFRESH_LIFE)


def test_nothing_follows_from_what_was_revoked():
    with pytest.raises(Over):
        GRANT.take(0, NOW).revoke().take(1, NOW)


def test_a_grant_ends_three_months_after_sign_in_however_often_it_is_used():
    grant, now = GRANT, NOW
    for turn in range(5):
        grant = grant.take(turn, now)
        now += GRANT_LIFE // 5
    grant.take(5, NOW + GRANT_LIFE - 1)
    with pytest.raises(Over):
        grant.take(5, NOW + GRANT_LIFE)


def test_who_took_a_turn_knows_it_from_that_of_another():
    after = GRANT.take(0, NOW, "me")
    assert after.was_taken(0, "me")
    assert not after.was_taken(0, "another")
    assert not after.take(1, NOW, "me").was_taken(0, "me"), "one cannot go back"
