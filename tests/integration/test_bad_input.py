"""Bad input is refused with a sentence that helps, and costs nothing that was already accepted."""

from __future__ import annotations

import uuid

import pika
import pytest
import requests
from skald_wire.names import COMMANDS_EXCHANGE, commands_queue, dead_queue

from tests.integration.shop import eventually


def problem(answer, status):
    """The answer as an RFC 9457 problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    return body


def pointers(body):
    return {error["pointer"] for error in body["errors"]}


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({"colour": "blue"}, "/colour"),
        ({"lines": "harp"}, "/lines"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"sku": "harp", "quantity": -1}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": 1.5}]}, "/lines/0/quantity"),
        ({"paymentMethod": 7}, "/paymentMethod"),
    ],
)
def test_a_wrong_field_is_named(shop, order, pointer):
    body = problem(shop.post_order(**order), 422)
    assert any(found.startswith(pointer) for found in pointers(body)), body


def test_an_unknown_product_is_named(shop):
    body = problem(shop.post_order(lines=[{"sku": "kazoo", "quantity": 1}]), 422)
    assert "kazoo" in str(body)


def test_a_missing_idempotency_key_is_asked_for(shop):
    order = {"lines": [{"sku": "harp", "quantity": 1}], "paymentMethod": "pm_ok"}
    answer = shop.http.post(shop.url("/v1/orders"), json=order, timeout=10)
    assert "Idempotency-Key" in str(problem(answer, 400))


def test_a_body_that_is_no_json_is_refused(shop):
    answer = shop.http.post(
        shop.url("/v1/orders"),
        data=b"{",
        headers={"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex},
        timeout=10,
    )
    problem(answer, 400)


def test_a_body_over_1_MB_is_refused_at_the_edge(shop):
    problem(shop.post_order(note="x" * 1_100_000), 413)


@pytest.mark.parametrize("token", [None, "Bearer nonsense", "Bearer " + "a." * 2 + "b"])
def test_a_missing_or_foreign_token_is_refused(shop, token):
    headers = {} if token is None else {"Authorization": token}
    assert requests.get(shop.url("/v1/orders"), headers=headers, timeout=10).status_code == 401


def test_anothers_order_does_not_exist_for_me(shop):
    order = shop.order("lute")
    answer = shop.staff.get(shop.url(f"/v1/orders/{order}"), timeout=10)
    assert answer.status_code in (403, 404), answer.text
    problem(shop.http.get(shop.url(f"/v1/orders/{uuid.uuid4()}"), timeout=10), 404)


def test_a_card_of_somebody_else_is_no_card(shop, books):
    saga = shop.finished(shop.order("lute", 1, "pm_of_somebody_else"))
    assert saga["status"]["failure"]["code"] == "UnknownPaymentMethod"


@pytest.mark.parametrize(
    ("body", "properties", "reason"),
    [
        (b"no json", {"message_id": "m", "reply_to": "q", "type": "inventory.reserve"}, "JSON"),
        (b"{}", {"reply_to": "q", "type": "inventory.reserve"}, "message_id"),
        (b"{}", {"message_id": "m", "type": "inventory.reserve"}, "reply_to"),
    ],
)
def test_a_message_nobody_can_read_is_kept_with_the_reason(platform, shop, body, properties, reason):
    headers = {
        "wire": 1, "saga-key": "shop/x", "saga": "shop/x", "step": "s", "direction": "Forward",
        "attempt": 1, "fingerprint": "f", "issued-at": "2026-01-01T00:00:00Z", "on-failure": "compensate",
    }  # fmt: skip
    with pika.BlockingConnection(pika.URLParameters(platform.amqp_url("admin"))) as connection:
        channel = connection.channel()
        queue = dead_queue(commands_queue("inventory"))
        channel.queue_purge(queue)
        channel.basic_publish(
            COMMANDS_EXCHANGE, "inventory.reserve", body, pika.BasicProperties(headers=headers, **properties)
        )
        method, found, copy = eventually(
            "the dead-letter copy", lambda: (got := channel.basic_get(queue, auto_ack=True))[0] and got
        )
        assert method
        assert copy == body
        assert reason in found.headers["reason"]
    assert shop.finished(shop.order("lute"))["status"]["phase"] == "Succeeded", "the worker goes on"
