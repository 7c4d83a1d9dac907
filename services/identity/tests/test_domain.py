from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from identity.domain import SCOPES, TOKEN_LIFE, Client, access_claims, granted

scopes = st.lists(st.sampled_from(sorted(SCOPES)), unique=True)


@given(scopes, scopes)
def test_a_token_never_grants_more_than_its_client_may_and_what_was_asked(allowed, asked):
    scope = granted(Client("c", "", tuple(allowed)), " ".join(asked))
    if scope is None:
        assert not set(asked) <= set(allowed)
    else:
        assert set(scope.split()) == (set(asked) or set(allowed))
        assert set(scope.split()) <= set(allowed)


def test_asking_for_nothing_grants_all_that_the_client_may():
    assert granted(Client("c", "", ("b:b", "a:a")), "") == "a:a b:b"


def test_an_unknown_scope_is_not_granted():
    assert granted(Client("c", "", ("a:a",)), "a:a z:z") is None


def test_a_client_speaks_for_its_user_or_for_itself():
    def subject(client):
        return access_claims(client, "", issuer="i", audience="a", now=1000, token_id="t")["sub"]

    assert subject(Client("demo", "", (), user_id="ada")) == "ada"
    assert subject(Client("robot", "", ())) == "robot"


def test_the_claims_are_those_of_rfc_9068():
    claims = access_claims(Client("demo", "", ()), "a:a", issuer="i", audience="a", now=1000, token_id="t")
    assert claims == {
        "iss": "i",
        "aud": "a",
        "sub": "demo",
        "client_id": "demo",
        "scope": "a:a",
        "iat": 1000,
        "exp": 1000 + TOKEN_LIFE,
        "jti": "t",
    }
