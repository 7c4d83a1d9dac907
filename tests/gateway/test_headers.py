"""Headers: what a client may not say, what every answer says, and the id that joins the two."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
}
SPOOFED = [
    "X-Consumer-ID",
    "X-Consumer-Username",
    "X-Consumer-Groups",
    "X-Consumer-Custom-ID",
    "X-Credential-Identifier",
]


def answers(gateway, token):
    """One of a service, and some of the gateway itself."""
    yield gateway.ask("GET", "/v1/orders", token=token)
    yield gateway.ask("GET", "/v1/orders")
    yield gateway.ask("GET", "/nowhere")


def test_a_request_id_is_made_when_there_is_none_and_is_seen_by_the_service(gateway, token):
    answer = gateway.ask("GET", "/v1/orders", token=token)
    assert uuid.UUID(answer["X-Request-ID"])
    assert answer.json["headers"]["x-request-id"] == answer["X-Request-ID"]


@pytest.mark.parametrize("own", ["an-id-of-mine", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_a_clients_own_request_id_is_kept_to_the_letter(gateway, token, own):
    answer = gateway.ask("GET", "/v1/orders", token=token, headers={"X-Request-ID": own})
    assert answer.json["headers"]["x-request-id"] == answer["X-Request-ID"] == own


def test_every_answer_has_a_request_id(gateway, token):
    assert all(answer["X-Request-ID"] for answer in answers(gateway, token))


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/products"])
def test_nobody_says_who_he_is_by_a_header(gateway, token, path):
    seen = gateway.ask("GET", path, token=token, headers=dict.fromkeys(SPOOFED, "admin")).json["headers"]
    assert not {header.lower() for header in SPOOFED} & set(seen)


def test_nobody_outside_says_how_soon_services_must_answer_each_other(gateway, token):
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    seen = gateway.ask("GET", "/v1/orders", token=token, headers={"X-Request-Deadline": soon}).json["headers"]
    assert "x-request-deadline" not in seen


def test_a_header_that_a_service_would_read_as_another_is_refused(gateway):
    answer = gateway.ask("GET", "/v1/products", headers={"X_Consumer_Username": "admin"})
    assert answer.status == 400 or "x_consumer_username" not in answer.json["headers"]


def test_a_client_does_not_steer_the_gateway(gateway):
    gateway.target("catalog").behaviour.delay = 0.2
    steering = {"X-Envoy-Upstream-Rq-Timeout-Ms": "1", "X-Envoy-Max-Retries": "0"}
    answer = gateway.ask("GET", "/v1/products", headers=steering)
    assert answer.status == 200
    assert not any(name.startswith("x-envoy") for name in answer.json["headers"])


@pytest.mark.parametrize("header", SECURITY)
def test_every_answer_has_the_security_headers(gateway, token, header):
    assert [answer[header] for answer in answers(gateway, token)] == [SECURITY[header]] * 3


def test_a_service_may_be_stricter(gateway, token):
    for target in gateway.upstreams["orders-web"]:
        target.behaviour.headers = {"Referrer-Policy": "same-origin"}
    assert gateway.ask("GET", "/v1/orders", token=token)["Referrer-Policy"] == "same-origin"


def test_no_answer_says_what_runs_behind_it(gateway, token):
    for target in gateway.upstreams["orders-web"]:
        target.behaviour.headers = {"X-Powered-By": "Flask"}
    for answer in answers(gateway, token):
        assert answer["Server"] is None
        assert answer["X-Powered-By"] is None
        assert not any(name.startswith(("x-envoy", "x-kong", "x-ratelimit")) for name in answer.headers)
