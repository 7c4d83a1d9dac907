"""The test provider by itself: what its cards do, who may ask it, and that a key is done once."""

from __future__ import annotations

from pathlib import Path

import pytest
from skald.auth import CalledBy, Public, access_rules, unguarded_routes
from skald.openapi import render
from test_provider.app import API
from test_provider.domain import Card, card_of

REQUEST = {"token": "tok_approved", "amount": 24_900, "currency": "EUR", "order": "o-1"}
PAYMENTS = {"Authorization": "Bearer token-of-payments"}


@pytest.fixture
def client(provider_app):
    return provider_app.test_client()


def put(client, path, body=None):
    answer = client.put(path, json=body, headers=PAYMENTS) if body else client.put(path, headers=PAYMENTS)
    return answer.status_code, answer.json


@pytest.mark.parametrize(
    ("token", "card"),
    [
        ("tok_approved", Card(approves=True)),
        ("tok_declined", Card(approves=False)),
        ("tok_slow", Card(approves=True, slow=True)),
        ("tok_fails_3", Card(approves=True, failures=3)),
        ("tok_fails_0", None),
        ("4111111111111111", None),
    ],
)
def test_a_token_tells_what_its_card_does(token, card):
    assert card_of(token) == card


def test_every_route_of_the_api_is_for_payments_only(provider_app):
    rules = access_rules(provider_app)
    assert unguarded_routes(provider_app) == []
    assert {rule for route, rule in rules.items() if "/v1/" in route} == {CalledBy(frozenset({"payments"}))}
    assert {rule for route, rule in rules.items() if "/v1/" not in route} == {Public()}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"Authorization": "Bearer token-of-orders"}, 403),
        (PAYMENTS, 200),
    ],
)
def test_others_than_payments_are_turned_away(client, headers, status):
    assert client.get("/v1/ledger", headers=headers).status_code == status
    assert client.get("/livez").status_code == 200


def test_the_same_key_is_authorized_once_and_answered_alike(client):
    first, again = put(client, "/v1/authorizations/k", REQUEST), put(client, "/v1/authorizations/k", REQUEST)
    assert (first[0], again[0]) == (200, 200)
    assert first[1]["authorization"] == again[1]["authorization"]
    assert client.get("/v1/ledger", headers=PAYMENTS).json == {
        "currency": "EUR",
        "authorized": 24_900,
        "captured": 0,
        "voided": 0,
        "open": 24_900,
    }


def test_the_same_key_for_another_request_is_refused(client):
    put(client, "/v1/authorizations/k", REQUEST)
    status, problem = put(client, "/v1/authorizations/k", {**REQUEST, "amount": 1})
    assert (status, problem["type"]) == (422, "urn:skald:problem:key-reused")


@pytest.mark.parametrize("token", ["tok_declined", "tok_nobody_made"])
def test_a_declined_card_is_declined_each_time(client, token):
    body = {**REQUEST, "token": token}
    for _ in range(2):
        status, problem = put(client, "/v1/authorizations/k", body)
        assert (status, problem["type"]) == (402, "urn:skald:problem:card-declined")
    assert put(client, "/v1/authorizations/k/void")[1]["state"] == "Declined"


def test_a_failing_card_works_after_its_failures(client):
    body = {**REQUEST, "token": "tok_fails_2"}
    assert [put(client, "/v1/authorizations/k", body)[0] for _ in range(3)] == [503, 503, 200]


def test_R5_a_key_that_was_voided_first_never_authorizes(client):
    assert put(client, "/v1/authorizations/k/void")[1]["state"] == "Voided"
    status, problem = put(client, "/v1/authorizations/k", REQUEST)
    assert (status, problem["type"]) == (409, "urn:skald:problem:voided")


def test_a_capture_is_done_once_and_cannot_be_voided(client):
    put(client, "/v1/authorizations/k", REQUEST)
    first = put(client, "/v1/captures/c", {"authorizationKey": "k"})
    assert first == put(client, "/v1/captures/c", {"authorizationKey": "k"})
    assert first[1]["state"] == "Captured"
    assert put(client, "/v1/captures/other", {"authorizationKey": "k"})[0] == 409
    assert put(client, "/v1/authorizations/k/void")[0] == 409


def test_what_was_never_authorized_or_is_voided_is_not_captured(client):
    assert put(client, "/v1/captures/c", {"authorizationKey": "k"})[0] == 404
    put(client, "/v1/authorizations/k", REQUEST)
    put(client, "/v1/authorizations/k/void")
    assert put(client, "/v1/captures/c", {"authorizationKey": "k"})[0] == 409


def test_the_entries_of_an_order_tell_its_story(client):
    put(client, "/v1/authorizations/k", {**REQUEST, "token": "tok_declined"})
    entries = client.get("/v1/entries?order=o-1", headers=PAYMENTS).json["items"]
    assert [(entry["key"], entry["state"], entry["amount"]) for entry in entries] == [("k", "Declined", 24_900)]


@pytest.mark.parametrize("broken", [{"amount": 0}, {"amount": "1"}, {"currency": "euro"}, {"pan": "4111111111111111"}])
def test_input_that_makes_no_sense_is_refused(client, broken):
    status, problem = put(client, "/v1/authorizations/k", {**REQUEST, **broken})
    assert status == 422
    assert problem["errors"]


def test_the_committed_openapi_document_is_the_codes():
    committed = Path(__file__).parents[1] / "test-provider.openapi.json"
    assert committed.read_text(encoding="utf-8") == render(API)
