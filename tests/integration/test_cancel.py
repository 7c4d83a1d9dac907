"""A customer who changes their mind gets the money back and the stock released, or is told that it is too late."""

from __future__ import annotations

import pytest

from tests.integration.shop import eventually


@pytest.fixture
def without_money(platform):
    """While payments is down, no saga comes past authorize-payment."""
    platform.stop("payments-worker")
    yield lambda: platform.start("payments-worker")
    platform.start("payments-worker")


def test_a_cancelled_order_leaves_nothing_behind(shop, books, without_money):
    before = books.stock("harp")
    order = shop.order("harp")
    eventually("the stock to be reserved", lambda: "executed" in books.outcomes("inventory", order))
    answer = shop.cancel(order)
    assert (answer.status_code, answer.json()["status"], answer.json()["cancelRequested"]) == (202, "Pending", True)
    assert shop.cancel(order).json() == answer.json(), "asking twice asks once"
    without_money()
    verdict = shop.verdict(order)
    assert (verdict["status"], verdict["reason"]) == ("Cancelled", "CancelRequested")
    assert shop.saga(order)["status"]["phase"] == "Compensated"
    assert books.stock("harp") == before
    assert not [entry for entry in books.entries(order) if entry["state"] in ("Authorized", "Captured")]
    again = shop.cancel(order)
    assert (again.status_code, again.json()) == (200, verdict)


def test_a_cancel_after_the_pivot_is_too_late(platform, shop, books):
    platform.stop("shipping-worker")
    try:
        order = shop.order("harp")
        eventually("the money to be captured", lambda: [one["state"] for one in books.entries(order)] == ["Captured"])
        assert shop.cancel(order).status_code == 202
        eventually("the saga to be asked", lambda: shop.saga(order)["spec"].get("cancel"))
    finally:
        platform.start("shipping-worker")
    assert shop.verdict(order)["status"] == "Confirmed"
    answer = shop.cancel(order)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:skald:problem:too-late")
    assert [one["state"] for one in books.entries(order)] == ["Captured"]


def test_somebody_elses_order_cannot_be_cancelled(shop):
    order = shop.order("lute")
    answer = shop.staff.post(shop.url(f"/v1/orders/{order}/cancel"), timeout=10)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:skald:problem:order-not-found")
    assert shop.verdict(order)["status"] == "Confirmed"
