"""The authorization code flow as a browser and a program on its machine go through it, and what ends it."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from identity.domain import Client, User
from identity.grants import CODE_LIFE, REFRESH_LIFE
from identity.hashing import hash_secret
from identity.store import Clients, Grants, Users
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect
from skald.auth import Authenticator
from skald.tokens import Issuer, Published

BACK = "http://127.0.0.1:49152/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass
class Browser:
    """A user's browser, sent here by the demo's app."""

    client: Any
    secret: str

    def asked(self, **changes: str | None) -> str:
        query = {
            "response_type": "code",
            "client_id": "demo-app",
            "redirect_uri": BACK,
            "scope": "orders:read orders:write",
            "state": "s-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return "/oauth/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})

    def opens(self, **changes: str | None) -> Any:
        return self.client.get(self.asked(**changes))

    def signs_in(self, username: str = "ada", password: str | None = None, **changes: str | None) -> Any:
        form = {"username": username, "password": password or self.secret, "decision": "allow"}
        return self.client.post(self.asked(**changes), data=form)

    def code(self, username: str = "ada", **changes: str | None) -> str:
        return sent_back(self.signs_in(username, **changes))["code"]


def sent_back(answer: Any) -> dict[str, str]:
    """What the client gets at its address."""
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


@pytest.fixture
def browser(client, secret):
    return Browser(client, secret)


@pytest.fixture
def exchange(client):
    def exchange(code, **changes):
        form = {"grant_type": "authorization_code", "client_id": "demo-app", "code": code, "redirect_uri": BACK}
        return client.post("/oauth/token", data={**form, "code_verifier": VERIFIER, **changes})

    return exchange


@pytest.fixture
def refresh(client):
    def refresh(token, **changes):
        form = {"grant_type": "refresh_token", "client_id": "demo-app", "refresh_token": token}
        return client.post("/oauth/token", data={**form, **changes})

    return refresh


@pytest.fixture
def tokens(browser, exchange):
    """What a client holds after one sign-in."""
    return exchange(browser.code()).json


@pytest.fixture
def introspect(client, secret):
    def introspect(token, client_id="demo-staff"):
        return client.post("/oauth/introspect", data={"token": token}, auth=(client_id, secret)).json

    return introspect


@pytest.fixture
def authenticator(client, issuer_url):
    """A service somewhere else, that knows only what is published."""
    return Authenticator(Issuer(lambda: Published(issuer_url, client.get("/.well-known/jwks.json").json)), "skald-api")


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]


def test_the_page_says_who_asks_and_for_what(browser):
    page = browser.opens()
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "demo-app" in page.text
    assert "See one&#39;s own orders" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_a_user_signs_in_and_the_client_acts_for_them(browser, exchange, authenticator, issuer_url):
    back = sent_back(browser.signs_in())
    assert (back["state"], back["iss"]) == ("s-1", issuer_url)
    answer = exchange(back["code"])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json["scope"] == "orders:read orders:write"
    subject = authenticator.subject(answer.json["access_token"])
    assert (subject.id, subject.client_id, subject.scopes) == ("ada", "demo-app", {"orders:read", "orders:write"})


@pytest.mark.parametrize(("username", "password"), [("ada", "wrong"), ("nobody", None), ("", None), ("ada", " ")])
def test_a_wrong_password_and_an_unknown_user_look_the_same(browser, username, password):
    page = browser.signs_in(username, password)
    assert (page.status_code, page.mimetype) == (403, "text/html")
    assert page.text == browser.signs_in("ada", "wrong").text


def test_a_user_may_say_no(browser):
    answer = browser.client.post(browser.asked(), data={"decision": "deny"})
    assert sent_back(answer)["error"] == "access_denied"


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://127.0.0.1:49152/elsewhere"},
        {"redirect_uri": "http://127.0.0.1.evil.example/callback"},
        {"redirect_uri": "http://user@127.0.0.1:49152/callback"},
        {"redirect_uri": "https://127.0.0.1:49152/callback"},
        {"redirect_uri": "http://127.0.0.1:nonsense/callback"},
        {"redirect_uri": "http://127.0.0.1:\u0661/callback"},
        {"redirect_uri": 'http://127.0.0.1:1/"\\'},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": "demo"},
        {"client_id": None},
    ],
    ids=str,
)
def test_nobody_is_sent_to_an_address_that_is_not_the_clients(browser, changes):
    for answer in (browser.opens(**changes), browser.signs_in(**changes)):
        assert 400 <= answer.status_code < 500
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "stock:read"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "\u00e9"}, "unsupported_response_type"),
    ],
    ids=str,
)
def test_a_client_that_asks_wrongly_is_told_at_its_address(browser, changes, code):
    for answer in (browser.opens(**changes), browser.signs_in(**changes)):
        back = sent_back(answer)
        assert (back["error"], back["state"]) == (code, "s-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"redirect_uri": "http://127.0.0.1:1/callback"},
    ],
    ids=str,
)
def test_a_code_is_bound_to_what_it_was_asked_with(browser, exchange, changes):
    code = browser.code()
    assert error(exchange(code, **changes)) == (400, "invalid_grant")
    assert exchange(code).status_code == 200, "a wrong guess costs its owner nothing"


@pytest.mark.parametrize("code", ["made.0.up", "nonsense", "a.b", ".0.", "a.99999999999.b"])
def test_a_made_up_code_is_refused(exchange, code):
    assert error(exchange(code)) == (400, "invalid_grant")


def test_a_code_without_its_verifier_is_worth_nothing(browser, exchange):
    assert exchange(browser.code(), code_verifier="").status_code == 400


def test_a_code_is_good_once_and_its_reuse_ends_what_came_of_it(browser, exchange, refresh):
    code = browser.code()
    first = exchange(code).json
    assert error(exchange(code)) == (400, "invalid_grant")
    assert error(refresh(first["refresh_token"])) == (400, "invalid_grant")


def test_a_code_of_another_client_is_none(browser, exchange, database):
    Clients(database).put(Client("other-app", "", ("orders:read",), redirect_uris=("http://127.0.0.1/callback",)))
    code = browser.code()
    assert error(exchange(code, client_id="other-app")) == (400, "invalid_grant")
    assert exchange(code).status_code == 200


def test_a_late_code_is_refused(browser, exchange, monkeypatch):
    code = browser.code()
    later(monkeypatch, CODE_LIFE)
    assert error(exchange(code)) == (400, "invalid_grant")


def later(monkeypatch, seconds):
    """Move the server's clock."""
    from identity import flows

    now = flows.time.time() + seconds
    monkeypatch.setattr(flows, "time", type("Later", (), {"time": staticmethod(lambda: now)}))


def test_a_refresh_token_is_exchanged_for_the_next(tokens, refresh, authenticator):
    seen = {tokens["refresh_token"]}
    for _ in range(3):
        tokens = refresh(tokens["refresh_token"]).json
        assert authenticator.subject(tokens["access_token"]).id == "ada"
        seen.add(tokens["refresh_token"])
    assert len(seen) == 4


def test_a_refresh_may_ask_for_less_and_not_for_more(tokens, refresh, authenticator):
    less = refresh(tokens["refresh_token"], scope="orders:read").json
    assert authenticator.subject(less["access_token"]).scopes == {"orders:read"}
    assert error(refresh(less["refresh_token"], scope="shipments:read")) == (400, "invalid_scope")
    assert refresh(less["refresh_token"]).json["scope"] == "orders:read orders:write"


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", " \n "])
def test_a_refresh_with_a_blank_scope_is_refused_and_costs_nothing(tokens, refresh, blank):
    assert error(refresh(tokens["refresh_token"], scope=blank)) == (400, "invalid_scope")
    assert refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("form", "granted"),
    [
        ({}, "orders:read orders:write"),
        ({"scope": ""}, "orders:read orders:write"),
        ({"scope": "orders:write"}, "orders:write"),
        ({"scope": " orders:write "}, "orders:write"),
        ({"scope": "orders:read orders:write shipments:read"}, None),
        ({"scope": "orders:read stock:read"}, None),
    ],
    ids=str,
)
def test_a_refresh_grants_no_more_than_the_user_did(tokens, refresh, authenticator, form, granted):
    answer = refresh(tokens["refresh_token"], **form)
    if granted is None:
        assert error(answer) == (400, "invalid_scope")
    else:
        assert answer.json["scope"] == granted
        assert authenticator.subject(answer.json["access_token"]).scopes == set(granted.split())


@pytest.mark.parametrize("scope", [" ", "", "shipments:read"])
def test_what_a_client_says_with_its_code_changes_no_scope(browser, exchange, scope):
    assert exchange(browser.code(), scope=scope).json["scope"] == "orders:read orders:write"


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_client_that_leaves_the_scope_blank_asks_the_user_for_all_of_its_own(browser, exchange, blank):
    assert browser.opens(scope=blank).text.count("<li>") == 4
    assert len(exchange(browser.code(scope=blank)).json["scope"].split()) == 4


def test_who_granted_nothing_has_granted_nothing_when_the_client_may_have_more(
    browser, exchange, refresh, database, authenticator
):
    later_app = Client("later-app", "", (), redirect_uris=("http://127.0.0.1/callback",))
    Clients(database).put(later_app)
    codes = [browser.code(client_id="later-app", scope=None) for _ in range(2)]
    first = exchange(codes[0], client_id="later-app").json
    Clients(database).put(replace(later_app, scopes=("orders:read",)))
    for answer in (
        exchange(codes[1], client_id="later-app"),
        refresh(first["refresh_token"], client_id="later-app"),
    ):
        assert authenticator.subject(answer.json["access_token"]).scopes == set()


def test_a_client_whose_scopes_were_narrowed_may_ask_for_what_is_left(browser, exchange, refresh, database):
    app = Client("narrowed-app", "", ("orders:read", "orders:write"), redirect_uris=("http://127.0.0.1/callback",))
    Clients(database).put(app)
    tokens = exchange(browser.code(client_id=app.id), client_id=app.id).json
    code = browser.code(client_id=app.id)
    Clients(database).put(replace(app, scopes=("orders:read",)))
    assert error(refresh(tokens["refresh_token"], client_id=app.id)) == (400, "invalid_scope")
    assert error(exchange(code, client_id=app.id)) == (400, "invalid_scope")
    less = refresh(tokens["refresh_token"], client_id=app.id, scope="orders:read")
    assert less.json["scope"] == "orders:read", "the refusal cost no turn"


@pytest.fixture
def eve(database, secret):
    """A user whom the tests may lose."""
    user = User("eve", "eve@example.com", hash_secret(secret))
    Users(database).put(user)
    return user


def goes(database, user):
    database["users"].delete_one({"_id": user.id})


def is_locked_out(database, user):
    Users(database).put(replace(user, password_hash=""))


@pytest.mark.parametrize("leaves", [goes, is_locked_out])
def test_nothing_follows_from_what_was_granted_by_a_user_who_is_gone(browser, exchange, refresh, database, eve, leaves):
    tokens = exchange(browser.code(username="eve")).json
    code = browser.code(username="eve")
    leaves(database, eve)
    assert error(refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert error(exchange(code)) == (400, "invalid_grant")
    Users(database).put(eve)
    assert error(refresh(tokens["refresh_token"])) == (400, "invalid_grant"), "it is revoked, not suspended"


def test_a_refresh_goes_on_when_an_answer_of_the_database_is_lost(tokens, refresh, monkeypatch):
    write, lost = Collection.find_one_and_update, []

    def lossy(*args, **named):
        done = write(*args, **named)
        if not lost:
            lost.append(done)
            raise AutoReconnect("the answer is lost")
        return done

    monkeypatch.setattr(Collection, "find_one_and_update", lossy)
    newer = refresh(tokens["refresh_token"])
    assert (newer.status_code, len(lost)) == (200, 1)
    assert refresh(newer.json["refresh_token"]).status_code == 200


def test_a_reused_refresh_token_ends_the_whole_family(tokens, refresh):
    newer = refresh(tokens["refresh_token"]).json
    assert error(refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert error(refresh(newer["refresh_token"])) == (400, "invalid_grant")


def test_of_two_that_refresh_at_once_one_at_most_goes_on(app, tokens):
    form = {"grant_type": "refresh_token", "client_id": "demo-app", "refresh_token": tokens["refresh_token"]}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: app.test_client().post("/oauth/token", data=form).status_code, range(4)))
    assert answers.count(200) <= 1


def test_a_refresh_token_of_another_client_is_none_and_costs_its_owner_nothing(tokens, refresh, database):
    Clients(database).put(Client("other-app", "", ("orders:read",), redirect_uris=("http://127.0.0.1/callback",)))
    assert error(refresh(tokens["refresh_token"], client_id="other-app")) == (400, "invalid_grant")
    assert refresh(tokens["refresh_token"]).status_code == 200


def test_a_month_old_refresh_token_is_refused(tokens, refresh, monkeypatch):
    later(monkeypatch, REFRESH_LIFE)
    assert error(refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_what_is_over_is_forgotten(browser, database, monkeypatch):
    grant_id = browser.code().partition(".")[0]
    later(monkeypatch, CODE_LIFE + 1)
    browser.code()
    assert Grants(database).get(grant_id) is None


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_a_revoked_token_is_followed_by_no_other(client, tokens, refresh, introspect, kind):
    assert introspect(tokens[kind])["active"]
    assert client.post("/oauth/revoke", data={"token": tokens[kind], "client_id": "demo-app"}).status_code == 200
    assert error(refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert introspect(tokens["access_token"]) == introspect(tokens["refresh_token"]) == {"active": False}


def test_nobody_revokes_the_tokens_of_another_client(client, tokens, refresh, secret):
    answer = client.post("/oauth/revoke", data={"token": tokens["refresh_token"]}, auth=("demo", secret))
    assert error(answer) == (400, "invalid_grant")
    assert refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_what_is_no_token_is_fine(client):
    answer = client.post("/oauth/revoke", data={"token": "nonsense", "client_id": "demo-app"})
    assert answer.status_code == 200


def test_introspection_tells_what_a_token_grants(tokens, introspect, issuer_url):
    told = introspect(tokens["access_token"])
    assert (told["active"], told["sub"], told["client_id"], told["scope"], told["iss"]) == (
        True,
        "ada",
        "demo-app",
        "orders:read orders:write",
        issuer_url,
    )
    assert introspect(tokens["refresh_token"])["sub"] == "ada"


def test_introspection_tells_nothing_of_others_tokens_without_the_scope(tokens, introspect):
    assert introspect(tokens["access_token"], client_id="demo") == {"active": False}


@pytest.mark.parametrize("token", ["nonsense", "a.0.b", ""])
def test_what_is_no_token_of_ours_is_not_active(introspect, token):
    assert introspect(token) == {"active": False}


def test_an_exchanged_refresh_token_is_not_active(tokens, refresh, introspect):
    newer = refresh(tokens["refresh_token"]).json
    assert introspect(tokens["refresh_token"]) == {"active": False}
    assert introspect(newer["refresh_token"])["active"]


def test_a_public_client_may_not_introspect(client, tokens):
    answer = client.post("/oauth/introspect", data={"token": tokens["access_token"], "client_id": "demo-app"})
    assert error(answer) == (401, "invalid_client")


def test_a_public_client_gets_nothing_in_its_own_name(client):
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials", "client_id": "demo-app"})
    assert error(answer) == (401, "invalid_client")


def test_a_client_with_a_secret_has_to_show_it_for_a_code(browser, exchange, database, secret):
    Clients(database).put(
        Client("site", hash_secret(secret), ("orders:read",), redirect_uris=("https://site.example/back",))
    )
    back = "https://site.example/back"
    answer = browser.signs_in(client_id="site", redirect_uri=back, scope="orders:read")
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    asked = {"client_id": "site", "redirect_uri": back}
    assert error(exchange(code, **asked)) == (401, "invalid_client")
    assert exchange(code, **asked, client_secret=secret).status_code == 200


def test_no_form_brings_foreign_markup_into_the_page(browser):
    page = browser.signs_in('<script>alert("x")</script>', "wrong")
    assert "<script" not in page.text
