"""What payments makes of the provider's answers, over a real socket."""

from __future__ import annotations

import pytest
from payments.domain import ProviderRefused, ProviderUnavailable
from payments.provider import HttpProvider
from skald.clients.http import HttpClient
from skald.money import Money
from skald.servicetokens import ServiceToken

PRICE = Money(24_900, "EUR")


def test_the_same_key_gets_the_same_authorization_and_capture(provider):
    first, again = (provider.authorize("k", "tok_approved", PRICE, "o") for _ in range(2))
    assert first == again
    assert provider.capture("c", "k") == provider.capture("c", "k")


def test_a_refusal_says_why(provider):
    with pytest.raises(ProviderRefused, match="declined"):
        provider.authorize("k", "tok_declined", PRICE, "o")
    with pytest.raises(ProviderRefused, match="Nothing was authorized under nothing"):
        provider.capture("c", "nothing")
    provider.authorize("captured", "tok_approved", PRICE, "o")
    provider.capture("c", "captured")
    with pytest.raises(ProviderRefused, match="has been captured"):
        provider.void("captured")


def test_a_failure_is_left_to_the_operator_to_repeat(provider, ledger):
    with pytest.raises(ProviderUnavailable, match="503"):
        provider.authorize("k", "tok_fails_2", PRICE, "o")
    assert ledger.get("k").attempts == 1


def test_a_provider_that_is_not_there_is_unavailable(token):
    nowhere = HttpProvider(HttpClient("test-provider", "http://127.0.0.1:9", token=token))
    with pytest.raises(ProviderUnavailable):
        nowhere.void("k")


def test_a_key_that_stands_for_something_else_is_a_mistake_of_ours_and_not_a_refusal(provider):
    provider.authorize("k", "tok_approved", PRICE, "o")
    with pytest.raises(ProviderUnavailable, match="answered 422"):
        provider.authorize("k", "tok_approved", Money(1, "EUR"), "o")


def test_a_provider_that_does_not_know_us_is_unavailable_and_not_a_refusal(provider_url, tmp_path):
    """A wrong token is our mistake: no customer's payment may fail for good because of it."""
    (tmp_path / "test-provider").write_text("token-of-orders")
    stranger = HttpClient("test-provider", provider_url, token=ServiceToken(tmp_path, "test-provider"))
    with pytest.raises(ProviderUnavailable, match="answered 403 to PUT /v1/authorizations/k/void"):
        HttpProvider(stranger).void("k")
