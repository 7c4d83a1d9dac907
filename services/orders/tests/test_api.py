"""GET /v1/orders and /v1/orders/{id}: to each customer their own."""

import pytest
from orders.saga import conclude
from skald.sagas import Verdict

HARP = {"lines": [{"sku": "harp", "quantity": 1}], "paymentMethod": "pm_ok"}


def test_an_order_is_shown_as_it_was_accepted(customer):
    placed = customer.place(HARP, "k1")
    shown = customer.get(placed.headers["Location"])
    assert (shown.status_code, shown.json) == (200, placed.json)


def test_the_verdict_is_shown_with_its_reason(customer, orders):
    order_id = customer.place(HARP, "k1").json["id"]
    orders.repository.update(order_id, lambda order: conclude(order, Verdict("Compensated", "CardDeclined")))
    shown = customer.get(f"/v1/orders/{order_id}").json
    assert (shown["status"], shown["reason"]) == ("Rejected", "CardDeclined")


def test_another_customers_order_is_not_found(customer_of):
    order_id = customer_of().place(HARP, "k1").json["id"]
    answer = customer_of().get(f"/v1/orders/{order_id}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.json["type"] == "urn:skald:problem:order-not-found"


def test_an_unknown_order_is_answered_alike(customer_of):
    stranger, owner = customer_of(), customer_of()
    order_id = owner.place(HARP, "k1").json["id"]
    hidden, unknown = stranger.get(f"/v1/orders/{order_id}").json, stranger.get("/v1/orders/0").json
    assert hidden["detail"].replace(order_id, "0") == unknown["detail"]
    assert {key: hidden[key] for key in ("type", "title", "status")} == {
        key: unknown[key] for key in ("type", "title", "status")
    }


def test_a_customer_lists_only_their_own_orders(customer_of):
    mine, other = customer_of(), customer_of()
    expected = mine.place(HARP, "k1").json
    other.place(HARP, "k2")
    assert mine.get("/v1/orders").json == {"items": [expected]}


def pages(customer, limit):
    address = f"/v1/orders?limit={limit}"
    while address:
        answer = customer.get(address)
        yield [item["id"] for item in answer.json["items"]]
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_pages_hold_every_order_once_newest_first(customer, clock, limit):
    placed = []
    for number in range(6):
        clock.now += number % 2  # two of each moment, so that a page may end between equal times
        placed.append(customer.place(HARP, f"k{number}").json)
    listed = list(pages(customer, limit))
    assert all(len(page) <= limit for page in listed)
    newest_first = sorted(placed, key=lambda order: (order["placedAt"], order["id"]), reverse=True)
    assert [order_id for page in listed for order_id in page] == [order["id"] for order in newest_first]


def test_an_order_placed_while_paging_shifts_nothing(customer, clock):
    first = customer.place(HARP, "k1").json["id"]
    clock.now += 1
    customer.place(HARP, "k2")
    page = customer.get("/v1/orders?limit=1")
    clock.now += 1
    customer.place(HARP, "k3")
    next_page = customer.get(page.headers["Link"].partition(">")[0].removeprefix("<"))
    assert [item["id"] for item in next_page.json["items"]] == [first]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=nonsense", "cursor=WyJvbmx5Il0=", "user=somebody"])
def test_a_query_that_makes_no_sense_is_refused(customer, query):
    answer = customer.get(f"/v1/orders?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
