"""/oauth/token: who gets a token, what is in it, and how everybody else is refused."""

from __future__ import annotations

import json
import logging
from base64 import b64encode

import pytest
from identity.domain import SCOPES, TOKEN_LIFE
from joserfc import jws
from skald.auth import Authenticator
from skald.logging import JsonLines
from skald.tokens import Issuer, Published

URL = "/oauth/token"


def basic(client_id, secret):
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()}


@pytest.fixture
def ask(client, secret):
    def ask(client_id="demo", **form):
        return client.post(URL, data={"grant_type": "client_credentials"} | form, headers=basic(client_id, secret))

    return ask


@pytest.fixture
def authenticator(client, issuer_url):
    """A service somewhere else, that knows only what is published."""
    return Authenticator(Issuer(lambda: Published(issuer_url, client.get("/.well-known/jwks.json").json)), "skald-api")


def test_a_client_gets_a_token_that_a_service_accepts(ask, authenticator):
    answer = ask()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", TOKEN_LIFE)
    subject = authenticator.subject(answer.json["access_token"])
    assert (subject.id, subject.client_id) == ("ada", "demo")
    assert subject.scopes == set(SCOPES) - {"stock:read", "tokens:read"}


def test_the_token_is_an_rfc_9068_access_token(ask, issuer_url):
    token = jws.extract_compact(ask().json["access_token"].encode())
    header, claims = token.headers(), json.loads(token.payload)
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
    assert header["kid"]
    assert (claims["iss"], claims["aud"]) == (issuer_url, "skald-api")
    assert claims["exp"] - claims["iat"] == TOKEN_LIFE


def test_each_token_has_an_id_of_its_own(ask):
    assert ask().json["access_token"] != ask().json["access_token"]


def test_the_secret_may_come_in_the_form(client, secret):
    form = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": secret}
    assert client.post(URL, data=form).status_code == 200


def test_only_the_scope_that_was_asked_for_is_granted(ask, authenticator):
    answer = ask(scope="orders:read").json
    assert answer["scope"] == "orders:read"
    assert authenticator.subject(answer["access_token"]).scopes == {"orders:read"}


def test_staff_may_see_the_stock(ask, authenticator):
    token = ask("demo-staff", scope="stock:read").json["access_token"]
    assert authenticator.subject(token).id == "sam"


@pytest.mark.parametrize("scope", ["stock:read", "orders:read stock:read", "nonsense", "orders:*"])
def test_a_scope_beyond_the_clients_is_invalid_scope(ask, scope):
    answer = ask(scope=scope)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("grant", ["password", "implicit", ""])
def test_other_grants_are_unsupported(client, secret, grant):
    answer = client.post(URL, data={"grant_type": grant}, headers=basic("demo", secret))
    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_a_client_that_signs_nobody_in_may_not_use_its_grants(client, secret, grant):
    answer = client.post(URL, data={"grant_type": grant}, headers=basic("demo", secret))
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize(("client_id", "wrong"), [("demo", "wrong"), ("nobody", "wrong"), ("nobody", ""), ("", "")])
def test_a_wrong_secret_and_an_unknown_client_look_the_same(client, client_id, wrong):
    answer = client.post(URL, data={"grant_type": "client_credentials"}, headers=basic(client_id, wrong))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert "WWW-Authenticate" in answer.headers
    known = client.post(URL, data={"grant_type": "client_credentials"}, headers=basic("demo", "wrong"))
    assert answer.json == known.json


def test_no_client_at_all_is_invalid_client(client):
    answer = client.post(URL, data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("shown", ["//86eA==", "\u00e9", "  ", "Y", "===="])
@pytest.mark.parametrize("path", [URL, "/oauth/introspect", "/oauth/revoke"])
def test_a_basic_header_that_cannot_be_read_is_invalid_client(client, path, shown):
    form = {"grant_type": "client_credentials", "token": "x"}
    answer = client.post(path, data=form, headers={"Authorization": f"Basic {shown}"})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("host", ["a_b", "a_b:80", "shop.example:99999", "[x", "a b", "*"])
def test_a_clients_idea_of_our_address_counts_for_nothing(client, secret, host):
    headers = {**basic("demo", secret), "Host": host}
    answer = client.post(URL, data={"grant_type": "client_credentials"}, headers=headers)
    assert answer.status_code == 200
    assert client.post("/oauth/introspect", data={"token": "x"}, headers=headers).json == {"active": False}
    assert client.get("/oauth/authorize", headers=headers).status_code == 400


@pytest.mark.parametrize("blank", ["", " "])
def test_a_client_in_its_own_name_that_leaves_the_scope_blank_gets_all_of_its_own(ask, blank):
    assert ask(scope=blank).json["scope"] == ask().json["scope"]


def test_a_secret_in_the_address_counts_for_nothing(client, secret):
    address = f"{URL}?grant_type=client_credentials&client_id=demo&client_secret={secret}"
    assert client.post(address).status_code in (400, 401)


def test_no_log_line_holds_a_token_or_a_secret(ask, client, secret):
    lines = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(self.format(record))

    handler = Keep(logging.DEBUG)
    handler.setFormatter(JsonLines("identity"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        token = ask().json["access_token"]
        client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    logged = "\n".join(lines)
    assert "Issue token" in logged, "Authlib says what it does"
    assert token not in logged
    assert token.split(".")[2] not in logged
    assert secret not in logged
