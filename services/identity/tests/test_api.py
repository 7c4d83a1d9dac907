"""Everything else over HTTP: what is published, who one is, and who may ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from identity.app import API
from joserfc.jwk import KeySet
from openapi_spec_validator import validate
from skald.auth import Public, Requires, access_rules
from skald.openapi import render

COMMITTED = Path(__file__).parents[1] / "openapi.json"


@pytest.fixture
def bearer(client, secret):
    def bearer(client_id="demo", **form):
        form |= {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return {"Authorization": f"Bearer {client.post('/oauth/token', data=form).json['access_token']}"}

    return bearer


def test_every_route_has_this_access_rule(app):
    operations = dict.fromkeys(["GET /livez", "GET /openapi.json", "GET /readyz", "GET /version"], Public())
    assert access_rules(app) == {
        **operations,
        "GET /.well-known/jwks.json": Public(),
        "GET /.well-known/oauth-authorization-server": Public(),
        "GET /oauth/authorize": Public(),
        "GET /v1/me": Requires(frozenset()),
        "POST /oauth/authorize": Public(),
        "POST /oauth/introspect": Public(),
        "POST /oauth/revoke": Public(),
        "POST /oauth/token": Public(),
    }


def test_me_is_the_user_of_the_token(client, bearer):
    assert client.get("/v1/me", headers=bearer(scope="orders:read")).json == {
        "id": "ada",
        "clientId": "demo",
        "scopes": ["orders:read"],
        "email": "ada@example.com",
    }
    assert client.get("/v1/me").status_code == 401


def test_tokens_are_given_by_whatever_name_the_gateway_is_reached(client, secret):
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": secret}
    assert client.post("/oauth/token", data=form, base_url="http://gateway.shop:8000").status_code == 200


def test_only_public_halves_are_published(client):
    answer = client.get("/.well-known/jwks.json")
    (key,) = answer.json["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert "max-age" in answer.headers["Cache-Control"]
    assert KeySet.import_key_set(answer.json)


def test_the_metadata_is_valid_and_names_public_addresses(client, issuer_url):
    document = client.get("/.well-known/oauth-authorization-server").json
    AuthorizationServerMetadata(document).validate()
    assert document["issuer"] == issuer_url
    for endpoint in ("authorize", "token", "revoke", "introspect"):
        assert f"{issuer_url}/oauth/{endpoint}" in document.values()


def test_it_is_ready_while_its_database_answers(client):
    assert client.get("/readyz").status_code == 200


def test_the_committed_document_is_what_the_code_says():
    assert COMMITTED.read_text() == render(API), "python -m skald.openapi identity.app > services/identity/openapi.json"
    validate(json.loads(COMMITTED.read_text()))
