"""A token proves what a key of the issuer signed, for us, for now; and nothing else does."""

from __future__ import annotations

import base64
import hmac
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from skald.problems import Problem
from skald.testing.issuer import TestIssuer
from skald.tokens import InvalidToken, Issuer, Published, TokenRules, verify

RULES = TokenRules("skald-api")


@pytest.fixture(scope="module")
def signer():
    return TestIssuer()


@pytest.fixture
def issuer(signer):
    return Issuer(signer.published)


def test_a_good_token_gives_its_claims(signer, issuer):
    claims = verify(signer.token("ada", "orders:read"), issuer, RULES)
    assert (claims["sub"], claims["scope"]) == ("ada", "orders:read")


def test_an_audience_among_several_is_enough(signer, issuer):
    assert verify(signer.token(aud=["other", "skald-api"]), issuer, RULES)


def test_rs256_is_accepted_too(signer, issuer):
    claims = dict(verify(signer.token(), issuer, RULES))
    key = RSAKey.generate_key(2048, auto_kid=True)
    rsa = Issuer(lambda: Published(signer.name, {"keys": [key.as_dict(private=False)]}))
    assert verify(jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": key.kid}, claims, key), rsa, RULES) == claims


now = time.time()


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": now - 60}, "expired"),
        ({"exp": "never"}, "expired"),
        ({"exp": True}, "expired"),
        ({"exp": None}, "lacks the claims exp"),
        ({"iat": now + 86400}, "not valid yet"),
        ({"nbf": now + 86400}, "not valid yet"),
        ({"nbf": "x"}, "not valid yet"),
        ({"iss": "https://elsewhere.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "not meant for"),
        ({"aud": ["other"]}, "not meant for"),
        ({"aud": None}, "not meant for"),
        ({"aud": "skald-api-too"}, "not meant for"),
        ({"sub": None}, "lacks the claims sub"),
        ({"sub": ""}, "no subject"),
        ({"sub": 7}, "no subject"),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(signer, issuer, claims, why):
    with pytest.raises(InvalidToken, match=why):
        verify(signer.token(**claims), issuer, RULES)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"typ": "JWT"}, "type"),
        ({"typ": "id+jwt"}, "type"),
        ({"kid": "unheard-of"}, "does not publish"),
        ({"kid": 7}, "no well-formed JWT|names no key"),
    ],
)
def test_a_header_that_does_not_hold_is_refused(signer, issuer, header, why):
    content = _unchecked(signer.token(), header)
    with pytest.raises(InvalidToken, match=why):
        verify(content, issuer, RULES)


def _unchecked(token, header):
    """The token with other header members; its signature no longer fits, which must not matter here."""
    head, _, rest = token.partition(".")
    content = json.loads(base64.urlsafe_b64decode(head + "==")) | header
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=") + "." + rest


def test_unsigned_tokens_are_refused(signer, issuer):
    unsigned = _unchecked(signer.token(), {"alg": "none"}).rpartition(".")[0] + "."
    with pytest.raises(InvalidToken, match="algorithm"):
        verify(unsigned, issuer, RULES)


def test_a_public_key_is_no_shared_secret(signer, issuer):
    """The old trick: HS256 with what the issuer publishes as the secret."""
    head = _unchecked(signer.token(), {"alg": "HS256"}).rpartition(".")[0]
    mac = hmac.digest(signer.key.as_pem(private=False), head.encode(), "sha256")
    forged = head + "." + base64.urlsafe_b64encode(mac).decode().rstrip("=")
    with pytest.raises(InvalidToken, match="algorithm"):
        verify(forged, issuer, RULES)


def test_a_foreign_key_under_a_known_id_is_refused(signer, issuer):
    foreign = ECKey.generate_key("P-256", {"kid": signer.key.kid})
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": signer.key.kid}, {"sub": "ada"}, foreign)
    with pytest.raises(InvalidToken, match="signature"):
        verify(token, issuer, RULES)


def test_changed_claims_are_refused(signer, issuer):
    head, _, signature = signer.token().split(".")
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "root"}).encode()).decode().rstrip("=")
    with pytest.raises(InvalidToken, match="signature"):
        verify(f"{head}.{claims}.{signature}", issuer, RULES)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b", "....", "ü.ü.ü", "e30.e30.", "x" * 8193, "." * 100])
def test_what_is_no_token_is_refused_quietly(issuer, token):
    with pytest.raises(InvalidToken):
        verify(token, issuer, RULES)


@pytest.mark.parametrize("extension", [{"crit": ["b64"], "b64": False}, {"crit": ["exp"]}])
def test_a_token_that_demands_extensions_is_refused(signer, issuer, extension):
    with pytest.raises(InvalidToken):
        verify(_unchecked(signer.token(), extension), issuer, RULES)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Source:
    """An issuer's address that counts who asks."""

    def __init__(self, signer):
        self.signer = signer
        self.asked = 0
        self.down = False

    def __call__(self):
        self.asked += 1
        if self.down:
            raise OSError("connection refused")
        return self.signer.published()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source():
    return Source(TestIssuer())


@pytest.fixture
def rotating(source, clock):
    return Issuer(source, max_age=300, pause=5, clock=clock)


def test_keys_are_fetched_once_for_many_tokens(source, rotating):
    for _ in range(5):
        verify(source.signer.token(), rotating, RULES)
    assert source.asked == 1


def test_a_new_key_is_found_without_a_restart(source, rotating, clock):
    verify(source.signer.token(), rotating, RULES)
    source.signer.rotate()
    clock.now += 6
    assert verify(source.signer.token(), rotating, RULES)
    assert source.asked == 2


def test_made_up_key_ids_do_not_become_a_flood_of_requests(source, rotating, clock):
    verify(source.signer.token(), rotating, RULES)
    for _ in range(50):
        with pytest.raises(InvalidToken, match="does not publish"):
            rotating.key("made-up")
    assert source.asked == 1
    clock.now += 6
    for _ in range(50):
        with pytest.raises(InvalidToken, match="does not publish"):
            rotating.key("made-up")
    assert source.asked == 2


def test_known_keys_stay_in_use_while_the_issuer_is_away(source, rotating, clock):
    verify(source.signer.token(), rotating, RULES)
    source.down = True
    clock.now += 1000
    assert verify(source.signer.token(), rotating, RULES)


def test_a_retired_key_is_refused_once_the_keys_are_old(source, rotating, clock):
    retired = source.signer.token()
    verify(retired, rotating, RULES)
    source.signer.rotate()
    clock.now += 301
    with pytest.raises(InvalidToken, match="does not publish"):
        verify(retired, rotating, RULES)


def test_without_any_key_a_token_is_neither_good_nor_bad_but_503(source, rotating, clock):
    source.down = True
    with pytest.raises(Problem) as unknown:
        verify(source.signer.token(), rotating, RULES)
    assert (unknown.value.status, unknown.value.code) == (503, "keys-unavailable")
    source.down = False
    clock.now += 6
    assert verify(source.signer.token(), rotating, RULES)


@pytest.mark.parametrize("answer", [{}, {"keys": []}, {"keys": [{"kty": "RSA"}]}, {"keys": "none"}])
def test_an_answer_that_makes_no_sense_changes_nothing(source, clock, answer):
    answers = [source.signer.jwks(), answer]
    issuer = Issuer(lambda: Published(source.signer.name, answers.pop(0)), max_age=1, pause=0, clock=clock)
    verify(source.signer.token(), issuer, RULES)
    clock.now += 2
    assert verify(source.signer.token(), issuer, RULES)
