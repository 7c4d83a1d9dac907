"""Nobody takes more than his share, and who has had it is told when to come back."""

from __future__ import annotations

import secrets

import pytest
from skald.testing.waiting import eventually

from tests.gateway.rig import LIMIT

TOKEN_LIMIT = 60
MEBIBYTE = 1024 * 1024


def test_every_answer_says_how_much_is_left(gateway, token):
    def one_less():
        first, second = (gateway.ask("GET", "/v1/me", token=token) for _ in range(2))
        return int(second["RateLimit-Remaining"]) == int(first["RateLimit-Remaining"]) - 1 and second

    answer = eventually("one request takes one, unless the bucket fills up in between", one_less)
    assert answer["RateLimit-Limit"] == str(LIMIT)
    assert 1 <= int(answer["RateLimit-Reset"]) <= 60


def spend(ask, limit):
    """Ask until it is refused: what was granted first, and the refusal. A bucket may fill up again meanwhile."""
    granted = []
    while (answer := ask()).status != 429:
        assert answer.status == 200
        granted.append(answer)
        assert len(granted) < 2 * limit
    assert len(granted) >= limit
    return granted, answer


def test_over_the_limit_is_429_and_says_when_to_come_back(gateway, token):
    _, refused = spend(lambda: gateway.ask("GET", "/v1/me", token=token), LIMIT)
    assert refused.json["status"] == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["RateLimit-Remaining"] == "0"


def test_who_comes_back_when_told_is_served(gateway, token):
    _, refused = spend(lambda: gateway.ask("GET", "/v1/me", token=token), LIMIT)
    served = lambda: gateway.ask("GET", "/v1/me", token=token).status == 200  # noqa: E731
    eventually("the limit has room again", served, seconds=int(refused["Retry-After"]) + 2)


def test_each_token_has_its_own_share(gateway, token):
    spend(lambda: gateway.ask("GET", "/v1/me", token=token), LIMIT)
    assert gateway.ask("GET", "/v1/me", token=gateway.key.token()).status == 200


def test_the_token_endpoint_has_a_strict_limit_by_address(gateway):
    granted, refused = spend(lambda: gateway.ask("POST", "/oauth/token", source="127.0.0.21"), TOKEN_LIMIT)
    assert granted[0]["RateLimit-Limit"] == str(TOKEN_LIMIT)
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert gateway.ask("POST", "/oauth/token", source="127.0.0.22").status == 200


def test_the_token_endpoint_counts_addresses_whatever_headers_say(gateway):
    def pretend_to_be_another():
        another = f"10.0.0.{secrets.randbelow(256)}"
        headers = {"X-Forwarded-For": another, "X-Real-IP": another}
        return gateway.ask("POST", "/oauth/token", source="127.0.0.23", token=gateway.key.token(), headers=headers)

    spend(pretend_to_be_another, TOKEN_LIMIT)


@pytest.mark.parametrize(
    ("path", "source"), [("/v1/products", "127.0.0.24"), ("/.well-known/oauth-authorization-server", "127.0.0.25")]
)
def test_where_no_token_is_asked_for_made_up_ones_share_the_bucket_of_their_address(gateway, path, source):
    spend(lambda: gateway.ask("GET", path, source=source, token=secrets.token_hex()), LIMIT)
    assert gateway.ask("GET", path, source="127.0.0.26").status == 200


def test_a_services_own_retry_after_is_passed_on(gateway, token):
    for target in gateway.upstreams["orders-web"]:
        target.behaviour.status, target.behaviour.headers = 409, {"Retry-After": "7"}
    assert gateway.ask("GET", "/v1/orders", token=token)["Retry-After"] == "7"


def test_a_mebibyte_passes(gateway, token):
    assert gateway.ask("POST", "/v1/orders", token=token, body=b"x" * MEBIBYTE).json["size"] == MEBIBYTE


@pytest.mark.parametrize("chunked", [False, True])
def test_a_larger_body_is_413_and_the_service_sees_nothing(gateway, token, chunked):
    before = sum(len(target.seen("/v1/orders")) for target in gateway.upstreams["orders-web"])
    body = b"x" * (MEBIBYTE + 1)
    answer = gateway.ask("POST", "/v1/orders", token=token, body=iter([body]) if chunked else body)
    assert answer.status == answer.json["status"] == 413
    assert sum(len(target.seen("/v1/orders")) for target in gateway.upstreams["orders-web"]) == before
