from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.domain import SCOPES, TOKEN_LIFE, Client, access_claims, granted, may_return_to

scopes = st.lists(st.sampled_from(sorted(SCOPES)), unique=True)


@given(scopes, scopes)
def test_a_token_never_grants_more_than_its_client_may_and_what_was_asked(allowed, asked):
    scope = granted(Client("c", "", tuple(allowed)), " ".join(asked))
    if scope is None:
        assert not set(asked) <= set(allowed)
    else:
        assert set(scope.split()) == set(asked)
        assert set(scope.split()) <= set(allowed)


def test_saying_nothing_grants_all_that_the_client_may():
    assert granted(Client("c", "", ("b:b", "a:a")), None) == "a:a b:b"


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0"])
def test_where_nothing_was_granted_nothing_is(blank):
    assert granted(Client("c", "", ("b:b", "a:a")), blank) == ""


def test_an_unknown_scope_is_not_granted():
    assert granted(Client("c", "", ("a:a",)), "a:a z:z") is None


def test_a_client_speaks_for_its_user_or_for_itself():
    assert Client("demo", "", (), user_id="ada").subject == "ada"
    assert Client("robot", "", ()).subject == "robot"


def test_the_claims_are_those_of_rfc_9068():
    claims = access_claims(Client("demo", "", ()), "demo", "a:a", issuer="i", audience="a", now=1000, token_id="t")
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


SITE = Client(
    "c", "hash", (), redirect_uris=("https://site.example/back", "http://127.0.0.1/back", "app.example:/back")
)


@pytest.mark.parametrize(
    "uri",
    [
        "https://site.example/back",
        "http://127.0.0.1/back",
        "http://127.0.0.1:1/back",
        "http://127.0.0.1:65535/back",
        "app.example:/back",
    ],
)
def test_a_user_may_be_sent_back_to_what_is_registered_and_to_any_port_of_a_loopback_address(uri):
    assert may_return_to(SITE, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://site.example:444/back",
        "https://site.example/back?x=1",
        "https://site.example/back/",
        "https://site.example.evil.example/back",
        "http://localhost:1/back",
        "http://127.0.0.1:1/other",
        "http://127.0.0.1:99999/back",
        "http://127.0.0.1@evil.example/back",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_user_is_sent_nowhere_else(uri):
    assert not may_return_to(SITE, uri)


@pytest.mark.parametrize(
    ("client", "grants"),
    [
        (Client("c", "hash", ()), {"client_credentials"}),
        (Client("c", "", (), redirect_uris=("a:/b",)), {"authorization_code", "refresh_token"}),
        (
            Client("c", "hash", (), redirect_uris=("a:/b",)),
            {"client_credentials", "authorization_code", "refresh_token"},
        ),
        (Client("c", "", ()), set()),
    ],
)
def test_how_a_client_may_get_tokens_follows_from_what_it_has(client, grants):
    assert client.grant_types == grants
