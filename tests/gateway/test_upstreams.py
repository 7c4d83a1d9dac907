"""A service that is ill: what the client gets, and what is not done twice."""

from __future__ import annotations

import time

import pytest
from skald.testing.waiting import eventually

from tests.gateway.rig import TIMEOUT


def problem(answer, status):
    assert answer.status == answer.json["status"] == status
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json["requestId"] == answer["X-Request-ID"]
    assert answer.json["type"].startswith("urn:skald:problem:")
    assert answer.json["title"]
    assert answer.json["detail"]


@pytest.fixture
def stopped(gateway):
    """Stop targets; they are back, and known to be back, when the test is over."""
    targets = []

    def stop(target):
        target.stop()
        targets.append(target)

    yield stop
    for target in targets:
        target.start()
    for service, path in (("catalog", "/v1/products"), ("orders", "/v1/orders")):
        all_in_use(gateway, service, path)


def all_in_use(gateway, service, path):
    """Wait until the gateway sends requests to every target of the service."""
    token = gateway.key.token()
    wanted, seen = {target.address for target in gateway.upstreams[f"{service}-web"]}, set()

    def complete():
        answer = gateway.ask("GET", path, token=token)
        seen.update([answer.json["upstream"]] if answer.status == 200 else [])
        return seen == wanted

    eventually(f"all targets of {service} are in use", complete)


def test_an_upstream_that_is_down_is_503_as_a_problem(gateway, stopped):
    stopped(gateway.target("catalog"))
    problem(gateway.ask("GET", "/v1/products"), 503)


def test_with_every_target_down_it_is_503_and_it_returns_after_recovery(gateway, stopped, token):
    for target in gateway.upstreams["orders-web"]:
        stopped(target)
    problem(gateway.ask("GET", "/v1/orders", token=token), 503)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_with_one_of_two_targets_down_no_request_fails_and_it_returns_after_recovery(gateway, stopped, token, method):
    all_in_use(gateway, "orders", "/v1/orders")
    ill, well = gateway.upstreams["orders-web"]
    stopped(ill)
    answers = [gateway.ask(method, "/v1/orders", token=token) for _ in range(60)]
    assert {answer.status for answer in answers} == {200}
    assert {answer.json["upstream"] for answer in answers} == {well.address}


@pytest.mark.parametrize("status", [503, 504])
def test_a_service_that_answers_for_anothers_illness_stays_in_use(gateway, token, status):
    targets = gateway.upstreams["orders-web"]
    for target in targets:
        target.behaviour.status = status
    answers = [gateway.ask("POST", "/v1/orders", token=token, body=b"{}") for _ in range(20)]
    assert {answer.status for answer in answers} == {status}
    assert all("upstream" in answer.json for answer in answers)
    for target in targets:
        target.behaviour.status = 200
    # An ejection would end with the next active check, after two seconds.
    seen, until = set(), time.monotonic() + 0.5
    while time.monotonic() < until:
        seen.add(gateway.ask("GET", "/v1/orders", token=token).status)
        time.sleep(0.02)
    assert seen == {200}


def test_a_slow_service_is_504_within_the_routes_timeout(gateway, token):
    gateway.target("shipping").behaviour.delay = TIMEOUT + 1
    problem(gateway.ask("GET", "/v1/shipments/1", token=token), 504)


def test_a_service_slower_than_another_routes_timeout_is_waited_for(gateway):
    gateway.target("catalog").behaviour.delay = TIMEOUT + 0.5
    assert gateway.ask("GET", "/v1/products").status == 200


def test_a_post_that_a_service_may_have_seen_is_not_sent_again(gateway, token):
    targets = gateway.upstreams["orders-web"]
    before = sum(len(target.seen("/v1/orders")) for target in targets)
    for target in targets:
        target.behaviour.hang_ups = 1
    answer = gateway.ask("POST", "/v1/orders", token=token, body=b"{}")
    assert answer.status in (502, 503)
    assert sum(len(target.seen("/v1/orders")) for target in targets) == before + 1


def test_a_get_that_was_left_without_an_answer_is_sent_again(gateway):
    catalog = gateway.target("catalog")
    before = len(catalog.seen("/v1/products/harp"))
    catalog.behaviour.hang_ups = 1
    assert gateway.ask("GET", "/v1/products/harp").status == 200
    assert len(catalog.seen("/v1/products/harp")) == before + 2


def test_a_services_own_error_is_passed_on_and_not_repeated(gateway, token):
    inventory = gateway.target("inventory")
    inventory.behaviour.status = 500
    before = len(inventory.seen("/v1/stock"))
    answer = gateway.ask("GET", "/v1/stock", token=token)
    assert (answer.status, answer.json["upstream"]) == (500, inventory.address)
    assert len(inventory.seen("/v1/stock")) == before + 1
