"""Every route has a rule, and the rule holds."""

from __future__ import annotations

import json

import pytest
from apiflask import APIBlueprint
from skald.app import Api, create_app
from skald.auth import CalledBy, Public, Requires, access_rules, called_by, public, requires, unguarded_routes
from skald.health import Readiness
from skald.testing.issuer import TestIssuer

URL = "/v1/orders"


def test_every_route_has_a_rule_and_the_table_shows_it(app):
    assert unguarded_routes(app) == []
    assert access_rules(app) == {
        "GET /livez": Public(),
        "GET /openapi.json": Public(),
        "GET /readyz": Public(),
        "GET /v1/orders": Requires(frozenset({"orders:read"})),
        "GET /v1/orders/<order_id>": Public(),
        "GET /v1/orders/away": Public(),
        "GET /v1/orders/broken": Public(),
        "GET /version": Public(),
        "POST /v1/orders": Requires(frozenset({"orders:write"})),
        "POST /v1/orders/<order_id>/audit": CalledBy(frozenset({"payments"})),
    }


def empty():
    return {}


def one_route(decorate):
    blueprint = APIBlueprint("one", __name__)

    @blueprint.get("/one")
    @decorate
    def one():
        return {}

    return Api("One", "orders", [blueprint])


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda handler: handler, "GET /one"),
        (requires("a:b"), "no authenticator"),
        (called_by("payments"), "nothing that checks service tokens"),
    ],
)
def test_an_app_with_a_route_that_nothing_guards_is_not_made(settings, decorate, message):
    with pytest.raises(ValueError, match=message):
        create_app(settings, one_route(decorate), deps=None, readiness=Readiness(lambda: None))


def test_the_rule_holds_wherever_among_the_decorators_it_stands(settings, issuer):
    blueprint = APIBlueprint("one", __name__)
    requires("a:b")(blueprint.get("/above", endpoint="above")(empty))
    blueprint.get("/below", endpoint="below")(requires("a:b")(empty))
    api = Api("One", "orders", [blueprint])
    app = create_app(settings, api, deps=None, readiness=Readiness(lambda: None), authenticator=issuer.authenticator())
    for path in ("/above", "/below"):
        assert app.test_client().get(path).status_code == 401
        assert app.test_client().get(path, headers=issuer.bearer("ada", "a:b")).status_code == 200


def test_authentication_comes_before_the_body_is_looked_at(client):
    answer = client.post(URL, data="{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer ", "token abc"])
def test_anything_but_a_bearer_token_is_401(client, header):
    answer = client.get(URL, headers={"Authorization": header})
    assert answer.status_code == 401
    assert json.loads(answer.text)["type"].endswith("token-missing")


def test_a_token_in_the_query_string_counts_for_nothing(client, issuer):
    token = issuer.token("ada", "orders:read")
    assert client.get(f"{URL}?access_token={token}").status_code == 401


def test_a_scope_that_the_token_lacks_is_403_and_named(client, issuer):
    answer = client.get(URL, headers=issuer.bearer("ada", "orders:write"))
    assert answer.status_code == 403
    assert "orders:read" in json.loads(answer.text)["detail"]
    assert 'scope="orders:read"' in answer.headers["WWW-Authenticate"]


def test_a_scope_is_matched_as_a_whole_word(client, issuer):
    assert client.get(URL, headers=issuer.bearer("ada", "orders:readall xorders:read")).status_code == 403


def test_a_refused_token_is_not_repeated_in_the_answer(client):
    foreign = TestIssuer().token("ada", "orders:read")
    answer = client.get(URL, headers={"Authorization": f"Bearer {foreign}"})
    assert answer.status_code == 401
    assert foreign not in answer.text + str(answer.headers)


def test_only_the_named_services_get_through_called_by(client):
    def audit(token):
        return client.post(f"{URL}/1/audit", headers={"Authorization": f"Bearer {token}"}).status_code

    assert audit("payments") == 200
    assert audit("shipping") == 403
    assert audit("forged") == 401
    assert client.post(f"{URL}/1/audit").status_code == 401


def test_headers_that_the_gateway_might_set_are_not_believed(client):
    headers = {"X-Consumer-Username": "ada", "X-Authenticated-Scope": "orders:read", "X-User-Id": "ada"}
    assert client.get(URL, headers=headers).status_code == 401


def test_public_routes_take_no_notice_of_a_bad_token(client):
    assert client.get(f"{URL}/1", headers={"Authorization": "Bearer nonsense"}).status_code == 200


def test_marks_do_not_change_the_handler():
    def handler():
        return {}

    assert public(handler) is handler
