"""POST /v1/orders, over real gRPC and a real database."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

HARPS = {"lines": [{"sku": "harp", "quantity": 2}, {"sku": "drum", "quantity": 1}], "paymentMethod": "pm_ok"}


def document(orders, answer):
    return orders.repository.collection.find_one({"_id": answer.json["id"]})


def problem(answer, status, code):
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert answer.json["type"] == f"urn:skald:problem:{code}"
    return answer.json


def test_an_order_is_accepted_with_the_prices_that_catalog_asks(customer):
    answer = customer.place(HARPS, "k1")
    order_id = answer.json["id"]
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/orders/{order_id}"
    assert answer.json == {
        "id": order_id,
        "status": "Pending",
        "reason": None,
        "cancelRequested": False,
        "lines": [
            {
                "sku": "harp",
                "quantity": 2,
                "unitPrice": {"amount": 129_900, "currency": "EUR"},
                "total": {"amount": 259_800, "currency": "EUR"},
            },
            {
                "sku": "drum",
                "quantity": 1,
                "unitPrice": {"amount": 24_900, "currency": "EUR"},
                "total": {"amount": 24_900, "currency": "EUR"},
            },
        ],
        "total": {"amount": 284_700, "currency": "EUR"},
        "paymentMethod": "pm_ok",
        "addressId": "default",
        "placedAt": "2025-11-22T12:00:00.000Z",
        "saga": {"name": f"order-{order_id}", "namespace": "shop"},
        "links": {"self": f"/v1/orders/{order_id}"},
    }


def test_one_write_holds_the_order_its_saga_and_its_event(customer, orders):
    stored = document(orders, customer.place(HARPS, "k1"))
    assert stored["rev"] == 1
    assert stored["state"]["status"] == "Pending"
    assert stored["saga"]["name"] == f"order-{stored['_id']}"
    spec = json.loads(stored["saga"]["spec"])
    assert (spec["definition"], spec["idempotencyKey"]) == ("place-order-v1", f"order-{stored['_id']}")
    assert spec["input"]["total"] == {"amount": 284_700, "currency": "EUR"}
    assert [event["type"] for event in stored["outbox"]] == ["orders.placed"]


def test_the_same_key_and_body_is_the_same_order(customer, catalog):
    first = customer.place(HARPS, "k1")
    catalog.prices["harp"] = 1
    second = customer.place(HARPS, "k1")
    assert (second.status_code, second.json) == (202, first.json)
    assert second.headers["Location"] == first.headers["Location"]


UNASKABLE = {
    "does not know the caller": lambda catalog: catalog.token.write_text(""),
    "does not admit the caller": lambda catalog: catalog.token.write_text("a-stranger"),
    "is not to be asked without the token file": lambda catalog: catalog.token.unlink(),
}


@pytest.mark.parametrize(
    "happens",
    [
        lambda catalog: catalog.stop(),
        lambda catalog: catalog.prices.clear(),
        lambda catalog: setattr(catalog, "refusal", "the lines are priced in EUR and USD."),
        *UNASKABLE.values(),
    ],
    ids=["is away", "no longer sells it", "cannot price it", *UNASKABLE],
)
def test_the_same_order_is_answered_when_catalog(customer, catalog, happens):
    first = customer.place(HARPS, "k1")
    happens(catalog)
    assert customer.place(HARPS, "k1").json == first.json
    other = customer.place({**HARPS, "addressId": "office"}, "k1")
    problem(other, 422, "idempotency-key-reused")


def test_the_same_key_with_another_body_is_refused(customer):
    customer.place(HARPS, "k1")
    other = customer.place({**HARPS, "paymentMethod": "pm_slow"}, "k1")
    assert problem(other, 422, "idempotency-key-reused")["errors"][0]["in"] == "headers"
    assert len(customer.get("/v1/orders").json["items"]) == 1


def test_another_key_is_another_order(customer):
    assert customer.place(HARPS, "k1").json["id"] != customer.place(HARPS, "k2").json["id"]


def test_two_customers_with_the_same_key_never_meet(customer_of):
    assert customer_of().place(HARPS, "k1").json["id"] != customer_of().place(HARPS, "k1").json["id"]


def test_a_request_sent_many_times_at_once_is_one_order(customer):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: customer.place(HARPS, "k1"), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(customer.get("/v1/orders").json["items"]) == 1


def test_without_a_key_nothing_is_placed(customer):
    answer = customer.place(HARPS, "")
    assert problem(answer, 400, "invalid-input")["errors"][0]["pointer"] == "/Idempotency-Key"
    assert customer.get("/v1/orders").json["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"lines": None}, "/lines"),
        ({"lines": [{"sku": f"s{number}", "quantity": 1} for number in range(51)]}, "/lines"),
        ({"lines": [{"sku": "harp", "quantity": 1}, {"sku": "harp", "quantity": 2}]}, "/lines"),
        ({"lines": [{"sku": "harp", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": -1}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": 1001}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": 1.5}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": "1"}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp", "quantity": True}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "harp"}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "Harp; drop", "quantity": 1}]}, "/lines/0/sku"),
        ({"lines": [{"sku": "harp", "quantity": 1, "price": 1}]}, "/lines/0/price"),
        ({"paymentMethod": "4111111111111111"}, "/paymentMethod"),
        ({"paymentMethod": None}, "/paymentMethod"),
        ({"addressId": "Elm Street 1, Springfield"}, "/addressId"),
        ({"total": {"amount": 1, "currency": "EUR"}}, "/total"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_where_it_is_wrong(customer, catalog, change, pointer):
    answer = customer.place({**HARPS, **change}, "k1")
    errors = problem(answer, 422, "invalid-input")["errors"]
    assert [(error["in"], error["pointer"]) for error in errors] == [("body", pointer)]
    assert catalog.asked == 0
    assert customer.get("/v1/orders").json["items"] == []


def test_a_sku_in_two_lines_is_refused_by_name(customer):
    lines = [{"sku": "harp", "quantity": 1}, {"sku": "harp", "quantity": 2}]
    (error,) = customer.place({**HARPS, "lines": lines}, "k1").json["errors"]
    assert "harp: put each SKU into one line" in error["detail"]


def test_unknown_products_are_named_and_nothing_is_placed(customer):
    lines = [{"sku": "kazoo", "quantity": 1}, {"sku": "harp", "quantity": 1}, {"sku": "gong", "quantity": 1}]
    found = problem(customer.place({**HARPS, "lines": lines}, "k1"), 422, "unknown-products")
    assert found["detail"] == "The shop does not sell kazoo, gong."
    assert [error["pointer"] for error in found["errors"]] == ["/lines/0/sku", "/lines/2/sku"]
    assert customer.get("/v1/orders").json["items"] == []


def test_a_basket_without_a_common_price_is_refused_with_catalogs_reason(customer, catalog):
    catalog.refusal = "the lines are priced in EUR and USD."
    assert problem(customer.place(HARPS, "k1"), 422, "not-priced")["detail"] == catalog.refusal


@pytest.mark.parametrize("happens", UNASKABLE.values(), ids=UNASKABLE)
def test_a_catalog_that_cannot_be_asked_is_a_503_and_the_cause_is_in_the_log(customer, catalog, caplog, happens):
    happens(catalog)
    answer = customer.place(HARPS, "k1")
    assert "catalog" in problem(answer, 503, "dependency-unavailable")["detail"]
    assert str(catalog.token.parent) not in answer.text
    assert "catalog cannot be asked" in caplog.text
    assert customer.get("/v1/orders").json["items"] == []


def test_catalog_away_is_a_503_that_says_when_to_try_again(customer, catalog):
    catalog.stop()
    answer = customer.place(HARPS, "k1")
    assert "catalog" in problem(answer, 503, "dependency-unavailable")["detail"]
    assert int(answer.headers["Retry-After"]) >= 1
    assert customer.get("/v1/orders").json["items"] == []
