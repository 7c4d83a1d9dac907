"""Only a token that identity signed, that has not expired and that came in its header opens a protected path."""

from __future__ import annotations

import pytest
from identity.domain import TOKEN_LIFE
from skald.testing.waiting import eventually

from tests.gateway.test_routing import PROTECTED, PUBLIC
from tests.gateway.tokens import Key, unsigned


def refused(answer):
    return answer.status == 401 and answer.json["status"] == 401


@pytest.mark.parametrize(("method", "path", "service"), PROTECTED)
def test_without_a_token_a_protected_path_is_401(gateway, method, path, service):
    answer = gateway.ask(method, path)
    assert refused(answer)
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "service"), PUBLIC)
def test_a_public_path_needs_no_token(gateway, method, path, service):
    assert gateway.ask(method, path).status == 200


def test_a_good_token_passes_and_the_service_sees_it_unchanged(gateway, token):
    assert gateway.ask("GET", "/v1/me", token=token).json["headers"]["authorization"] == f"Bearer {token}"


def test_a_fresh_token_passes_when_identitys_clock_is_a_few_seconds_ahead(gateway):
    assert gateway.ask("GET", "/v1/me", token=gateway.key.token(life=TOKEN_LIFE + 5)).status == 200


BAD = {
    "expired": lambda key: key.token(life=-5),
    "without an end": lambda key: key.token(exp=None),
    "living longer than identity's do": lambda key: key.token(life=86_400),
    "signed by nobody": lambda _: unsigned(),
    "signed by another under our key's name": lambda key: Key().token(kid=key.kid),
    "signed by a key that was never published": lambda _: Key().token(),
    "cut short": lambda key: key.token()[:-5],
    "no token at all": lambda _: "not.a.token",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_bad_token_is_401_and_the_service_sees_nothing(gateway, make):
    before = len(gateway.target("identity").seen("/v1/me"))
    assert refused(gateway.ask("GET", "/v1/me", token=make(gateway.key)))
    assert len(gateway.target("identity").seen("/v1/me")) == before


@pytest.mark.parametrize("parameter", ["jwt", "access_token"])
def test_a_token_in_the_query_string_opens_nothing(gateway, token, parameter):
    assert refused(gateway.ask("GET", f"/v1/me?{parameter}={token}"))


def test_a_token_in_a_cookie_opens_nothing(gateway, token):
    assert refused(gateway.ask("GET", "/v1/me", headers={"Cookie": f"jwt={token}; access_token={token}"}))


def test_another_scheme_opens_nothing(gateway, token):
    assert refused(gateway.ask("GET", "/v1/me", headers={"Authorization": f"Basic {token}"}))


def test_during_a_rotation_both_keys_pass_and_afterwards_the_retired_one_is_401(gateway):
    old, new = gateway.key, Key()
    before, after = old.token(), new.token()
    passes = lambda token: gateway.ask("GET", "/v1/me", token=token).status == 200  # noqa: E731
    gateway.publish(old, new)
    eventually("the new key is known", lambda: passes(after))
    assert passes(before)
    gateway.publish(new)
    eventually("the old key is forgotten", lambda: not passes(before))
    assert passes(after)
    gateway.publish(old)
    eventually("the first key is back", lambda: passes(before))
