"""The document describes what is served, with its access rules and its problems."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from skald.app import Api
from skald.openapi import describe, render


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json


def test_it_is_valid_openapi_3_1(document):
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["info"] == {"title": "Orders", "version": "0.1.0"}


def test_it_describes_every_route_but_those_for_the_platform(document, app):
    served = {re.sub(r"<([^>]+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    assert set(document["paths"]) == served - {"/livez", "/readyz", "/version", "/openapi.json"}


def test_each_operation_says_who_may_call_it(document):
    paths = document["paths"]
    assert paths["/v1/orders"]["post"]["security"] == [{"user": ["orders:write"]}]
    assert paths["/v1/orders/{order_id}"]["get"]["security"] == []
    assert paths["/v1/orders/{order_id}/audit"]["post"]["security"] == [{"service": []}]
    flow = document["components"]["securitySchemes"]["user"]["flows"]["clientCredentials"]
    assert list(flow["scopes"]) == ["orders:read", "orders:write"]


def test_every_error_is_a_problem(document):
    for path in document["paths"].values():
        for operation in path.values():
            errors = {status: answer for status, answer in operation["responses"].items() if status[0] in "45d"}
            assert "default" in errors
            assert {tuple(answer["content"]) for answer in errors.values()} == {("application/problem+json",)}
    assert not {"HTTPError", "ValidationError"} & set(document["components"]["schemas"])


def test_unknown_members_and_the_required_key_are_in_it(document):
    assert document["components"]["schemas"]["NewOrder"]["additionalProperties"] is False
    parameters = document["paths"]["/v1/orders"]["post"]["parameters"]
    assert [(one["name"].lower(), one["in"], one["required"]) for one in parameters] == [
        ("idempotency-key", "header", True)
    ]


def test_it_is_the_same_each_time_and_ends_like_a_text_file(document):
    api = Api("Nothing", "orders", [])
    assert describe(api) == describe(api)
    assert render(api) == render(api)
    assert render(api).endswith("}\n")
    assert json.loads(render(api)) == describe(api)


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[3].glob("*/openapi.json")), ids=lambda path: path.parent.name
)
def test_each_committed_document_is_valid(path):
    validate(json.loads(path.read_text()))
