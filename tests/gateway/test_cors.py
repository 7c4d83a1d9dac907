"""Pages of the listed sites may call; a browser refuses the others, because nothing is said in their favour."""

from __future__ import annotations

LISTED = "https://shop.example.com"
FOREIGN = "https://evil.example.com"


def preflight(gateway, origin, path="/v1/orders"):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    return gateway.ask("OPTIONS", path, headers=asked)


def test_a_preflight_from_a_listed_site_is_answered_without_a_token(gateway):
    answer = preflight(gateway, LISTED)
    assert answer.status in (200, 204)
    assert answer["Access-Control-Allow-Origin"] == LISTED
    assert "POST" in answer["Access-Control-Allow-Methods"]
    assert "Authorization" in answer["Access-Control-Allow-Headers"]
    assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]
    assert answer["Access-Control-Max-Age"] == "600"


def test_a_preflight_from_another_site_says_nothing_in_its_favour(gateway):
    assert preflight(gateway, FOREIGN)["Access-Control-Allow-Origin"] != FOREIGN


def test_no_preflight_reaches_a_service(gateway):
    preflight(gateway, LISTED)
    preflight(gateway, FOREIGN)
    seen = [request for target in gateway.upstreams["orders-web"] for request in target.seen("/v1/orders")]
    assert not [request for request in seen if request.method == "OPTIONS"]


def test_an_answer_to_a_listed_site_may_be_read_by_it(gateway, token):
    answer = gateway.ask("GET", "/v1/orders", token=token, headers={"Origin": LISTED})
    assert answer["Access-Control-Allow-Origin"] == LISTED
    assert "X-Request-ID" in answer["Access-Control-Expose-Headers"]
    assert answer["Access-Control-Allow-Credentials"] is None


def test_an_answer_to_another_site_may_not(gateway, token):
    answer = gateway.ask("GET", "/v1/orders", token=token, headers={"Origin": FOREIGN})
    assert answer["Access-Control-Allow-Origin"] not in (FOREIGN, "*")


def test_a_refusal_may_be_read_by_a_listed_site_too(gateway):
    answer = gateway.ask("GET", "/v1/orders", headers={"Origin": LISTED})
    assert answer.status == 401
    assert answer["Access-Control-Allow-Origin"] == LISTED
