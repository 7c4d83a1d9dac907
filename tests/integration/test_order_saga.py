"""The promise to a customer: an order goes through as a whole, or leaves nothing behind."""

from __future__ import annotations

import signal
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.integration.shop import eventually


def condition(saga, kind):
    return next(item for item in saga["status"]["conditions"] if item["type"] == kind)


def test_an_order_succeeds_and_is_confirmed(shop, books):
    before = books.stock("harp")
    order = shop.order("harp", 2)
    saga = shop.finished(order)
    assert saga["status"]["phase"] == "Succeeded"
    assert condition(saga, "Succeeded")["status"] == "True"
    assert {step["state"] for step in saga["status"]["steps"].values()} == {"Succeeded"}
    assert shop.verdict(order)["status"] == "Confirmed"
    assert books.stock("harp")["sold"] == before["sold"] + 2
    assert [entry["state"] for entry in books.entries(order)] == ["Captured"]


def test_a_declined_card_releases_the_stock_and_says_why(shop, books):
    before = books.stock("harp")
    order = shop.order("harp", 1, "pm_declined")
    saga = shop.finished(order)
    assert saga["status"]["phase"] == "Compensated"
    assert saga["status"]["failure"]["code"] == "CardDeclined"
    assert saga["status"]["steps"]["authorize-payment"]["state"] in ("Failed", "Cancelled")
    assert "capture-payment" not in saga["status"]["steps"], "it was never started"
    verdict = shop.verdict(order)
    assert (verdict["status"], verdict["reason"]) == ("Rejected", "CardDeclined")
    assert books.stock("harp") == before


def test_no_stock_gives_the_money_back(shop, books):
    order = shop.order("horn")
    saga = shop.finished(order)
    assert saga["status"]["phase"] == "Compensated"
    assert saga["status"]["failure"]["code"] == "OutOfStock"
    assert shop.verdict(order)["reason"] == "OutOfStock"
    assert not [entry for entry in books.entries(order) if entry["state"] in ("Authorized", "Captured")]


def test_several_skus_are_reserved_together_or_not_at_all(shop, books):
    before = books.stock("harp")
    answer = shop.post_order(lines=[{"sku": "harp", "quantity": 3}, {"sku": "horn", "quantity": 1}])
    saga = shop.finished(answer.json()["id"])
    assert saga["status"]["phase"] == "Compensated"
    assert books.stock("harp") == before


def test_a_flaky_provider_is_retried_until_it_answers(shop, books):
    order = shop.order("lute", 1, "pm_flaky")
    saga = shop.finished(order)
    assert saga["status"]["phase"] == "Succeeded"
    assert [entry["state"] for entry in books.entries(order)] == ["Captured"]


def test_a_slow_participant_is_waited_for(shop, books):
    order = shop.order("lute", 1, "pm_slow")
    assert shop.finished(order)["status"]["phase"] == "Succeeded"


def test_I4_a_cancel_that_meets_a_command_in_flight_leaves_nothing_half_done(platform, shop, books, tap):
    order = shop.order("horn", 1, "pm_slow")
    eventually("the payment to be in flight", lambda: "payments.authorize" in tap.types(order))
    platform.kill("payments-worker", signal.SIGSTOP)
    try:
        eventually("the payment to be cancelled", lambda: "cancel" in tap.types(order, "saga.commands"))
    finally:
        platform.kill("payments-worker", signal.SIGCONT)
    saga = shop.finished(order)
    assert saga["status"]["phase"] == "Compensated"
    assert not [entry for entry in books.entries(order) if entry["state"] in ("Authorized", "Captured")]


def test_the_same_idempotency_key_is_the_same_order(shop, books):
    key = uuid.uuid4().hex
    first, again = shop.post_order(key=key), shop.post_order(key=key)
    assert first.json()["id"] == again.json()["id"]
    other = shop.post_order(key=key, lines=[{"sku": "harp", "quantity": 2}])
    assert other.status_code == 422, other.text
    assert shop.finished(first.json()["id"])["status"]["phase"] == "Succeeded"


def test_100_parallel_orders_on_stock_10_sell_exactly_10(shop, books):
    sku = books.new_sku(10)
    with ThreadPoolExecutor(16) as pool:
        orders = list(pool.map(lambda _: shop.order(sku), range(100)))
    phases = [shop.finished(order, 240)["status"]["phase"] for order in orders]
    succeeded = phases.count("Succeeded")
    left = eventually("held stock to be settled", lambda: (line := books.stock(sku))["held"] == 0 and line)
    assert succeeded + left["available"] == 10
    assert succeeded == 10, "nothing timed out, so each piece of stock found its buyer"
    assert phases.count("Compensated") == 90


def test_the_saga_holds_no_card_and_no_person(shop):
    order = shop.order()
    text = str(shop.finished(order)).lower()
    assert not [word for word in ("ada@", "4111", "cvv", "bearer") if word in text]
