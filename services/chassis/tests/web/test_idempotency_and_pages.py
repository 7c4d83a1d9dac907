"""Idempotency-Key and cursors."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skald.idempotency import IdempotencyKey, check_same_request, fingerprint
from skald.problems import Problem

URL = "/v1/orders"


def test_the_same_key_of_the_same_user_names_the_same_document(client, writer, good_order):
    first, second = (client.post(URL, json=good_order, headers=writer).json["id"] for _ in range(2))
    assert first == second


def test_the_same_key_of_another_user_names_another_document(client, issuer, writer, good_order):
    mine = client.post(URL, json=good_order, headers=writer).json["id"]
    other = client.post(URL, json=good_order, headers=writer | issuer.bearer("sam", "orders:write")).json["id"]
    assert mine != other


@given(st.text(), st.text(), st.text(), st.text())
def test_subject_and_key_cannot_run_into_each_other(subject, key, other_subject, other_key):
    def named(who, what):
        return IdempotencyKey.model_construct(idempotency_key=what).document_id(who)

    assert (named(subject, key) == named(other_subject, other_key)) == ((subject, key) == (other_subject, other_key))


@pytest.mark.parametrize("key", [None, "", "x" * 256, "two words"])
def test_a_missing_or_bad_key_is_400_and_names_the_header(client, writer, good_order, key):
    headers = {name: value for name, value in writer.items() if name != "Idempotency-Key"}
    answer = client.post(URL, json=good_order, headers=headers if key is None else headers | {"Idempotency-Key": key})
    assert answer.status_code == 400
    assert json.loads(answer.text)["errors"][0]["pointer"] == "/Idempotency-Key"


def test_a_fingerprint_ignores_order_and_spacing_but_no_value():
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint(json.loads('{"b":[1,2],  "a":1}'))
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})


def test_another_body_under_a_used_key_is_422():
    check_same_request("f", "f")
    with pytest.raises(Problem) as refused:
        check_same_request("f", "g")
    assert (refused.value.status, refused.value.code) == (422, "idempotency-key-reused")


def test_following_the_links_gives_every_item_once(client, writer):
    seen, address = [], f"{URL}?limit=2"
    while address:
        answer = client.get(address, headers=writer)
        seen += answer.json["items"]
        link = answer.headers.get("Link")
        address = link and link.partition(">")[0].removeprefix("<")
    assert seen == [0, 1, 2, 3, 4]


def encoded(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


MADE_ELSEWHERE = ["null", '{"a": 1}', "[]", '["1", "2"]', "[1]", r'["\ud800"]', r'["a\udfff"]']


@pytest.mark.parametrize("cursor", ["nonsense", "é", *map(encoded, MADE_ELSEWHERE)])
def test_a_cursor_that_was_not_made_for_this_list_is_422(client, writer, cursor):
    answer = client.get(URL, query_string={"cursor": cursor}, headers=writer)
    assert answer.status_code == 422
    assert json.loads(answer.text)["errors"][0]["pointer"] == "/cursor"
