"""Every error leaves as application/problem+json, says what is wrong and where, and never what should stay inside."""

from __future__ import annotations

import json

import pytest
from skald.problems import PROBLEM_SCHEMA, json_pointer
from skald.web.jsonbody import BODY_LIMIT, DEPTH_LIMIT

URL = "/v1/orders"
JSON = {"Content-Type": "application/json"}


def problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    document = json.loads(response.text)
    assert document["type"] == f"urn:skald:problem:{code}"
    assert document["status"] == status
    assert document["requestId"] == response.headers["X-Request-ID"]
    assert set(document) <= set(PROBLEM_SCHEMA["properties"])
    return document


def test_an_unknown_path_is_404(client):
    problem(client.get("/v1/nothing"), 404, "not-found")


def test_a_wrong_method_is_405_and_says_which_are_right(client):
    answer = client.delete(URL)
    assert "GET" in problem(answer, 405, "method-not-allowed")["detail"]
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_an_unheard_of_method_is_501_before_it_becomes_a_label(client):
    problem(client.open(URL, method="BREW"), 501, "not-implemented")


def test_each_wrong_member_is_named_by_its_json_pointer(client, writer):
    body = {"lines": [{"sku": "harp", "quantity": 0}, {"sku": 7, "quantity": "2"}], "a/b": 1}
    errors = problem(client.post(URL, json=body, headers=writer), 422, "invalid-input")["errors"]
    assert {(error["in"], error["pointer"]) for error in errors} == {
        ("body", "/lines/0/quantity"),
        ("body", "/lines/1/sku"),
        ("body", "/lines/1/quantity"),
        ("body", "/paymentMethod"),
        ("body", "/a~1b"),
    }


def test_the_python_name_of_a_member_is_not_its_name_outside(client, writer, good_order):
    body = {**good_order, "payment_method": "pm_ok"}
    errors = problem(client.post(URL, json=body, headers=writer), 422, "invalid-input")["errors"]
    assert [error["pointer"] for error in errors] == ["/payment_method"]


def test_a_body_that_is_no_object_is_refused(client, writer):
    errors = problem(client.post(URL, json=[], headers=writer), 422, "invalid-input")["errors"]
    assert errors == [{"in": "body", "pointer": "", "detail": "It must be a JSON object"}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("{", "line 1"),
        ('{"a": NaN}', "NaN"),
        ("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1), "levels deep"),
        ("[" * 50_000, "levels deep"),
        (b"\xff\xfe\xfa", "decode"),
    ],
)
def test_malformed_json_is_400(client, writer, text, why):
    document = problem(client.post(URL, data=text, headers=writer | JSON), 400, "json-malformed")
    assert why in document["detail"]


def test_a_body_as_deep_as_allowed_is_parsed(client, writer):
    text = "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT
    problem(client.post(URL, data=text, headers=writer | JSON), 422, "invalid-input")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_content_type_is_415(client, writer, good_order, content_type):
    headers = writer if content_type is None else writer | {"Content-Type": content_type}
    problem(client.post(URL, data=json.dumps(good_order), headers=headers), 415, "unsupported-media-type")


def test_a_body_above_the_limit_is_413(client, writer):
    answer = client.post(URL, data=b" " * (BODY_LIMIT + 1), headers=writer | JSON)
    problem(answer, 413, "request-entity-too-large")


def test_an_unknown_query_parameter_is_refused(client, writer):
    errors = problem(client.get(f"{URL}?limit=0&sort=up", headers=writer), 422, "invalid-input")["errors"]
    assert {(error["in"], error["pointer"]) for error in errors} == {("query", "/limit"), ("query", "/sort")}


def test_what_nobody_expected_is_500_without_its_cause(client, caplog):
    document = problem(client.get(f"{URL}/broken"), 500, "internal-server-error")
    assert "secret of the house" not in json.dumps(document)
    assert "secret of the house" in caplog.text, "the log has it"


def test_a_database_that_is_away_is_503_with_when_to_try_again(client):
    answer = client.get(f"{URL}/away")
    problem(answer, 503, "database-unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_json_pointer_escapes_what_would_divide_it():
    assert json_pointer(["a/b", "m~n", 0]) == "/a~1b/m~0n/0"
    assert json_pointer([]) == ""


def test_every_5xx_leaves_a_trace_in_the_log(client, readiness, caplog):
    readiness.drain()
    assert client.get("/readyz").status_code == 503
    assert "not-ready" in caplog.text
