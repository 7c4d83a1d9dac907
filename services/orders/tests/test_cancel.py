"""POST /v1/orders/{id}/cancel: told at once what is known; the saga decides the rest."""

import pytest
from orders.saga import conclude
from skald.sagas import Verdict

HARP = {"lines": [{"sku": "harp", "quantity": 1}], "paymentMethod": "pm_ok"}


@pytest.fixture
def order_id(customer):
    return customer.place(HARP, "k1").json["id"]


@pytest.fixture
def end(orders, order_id):
    """Has the order's saga end in some way."""
    return lambda *verdict: orders.repository.update(order_id, lambda order: conclude(order, Verdict(*verdict)))


@pytest.fixture
def asked(orders, order_id):
    """What the worker finds beside the order."""
    return lambda: orders.repository.collection.find_one({"_id": order_id})["saga"]


def test_a_cancel_is_accepted_and_due_at_once(customer, order_id, asked, clock):
    clock.now += 5
    answer = customer.cancel(order_id)
    assert (answer.status_code, answer.json["status"], answer.json["cancelRequested"]) == (202, "Pending", True)
    assert (asked()["cancel"], asked()["nextCheck"]) == (True, clock.now)
    assert customer.get(f"/v1/orders/{order_id}").json == answer.json


def test_a_cancel_that_comes_twice_is_asked_for_once(customer, order_id, asked, clock):
    first = customer.cancel(order_id)
    before = asked()
    clock.now += 5
    again = customer.cancel(order_id)
    assert (again.status_code, again.json) == (202, first.json)
    assert asked() == before


@pytest.mark.parametrize(
    ("reason", "status"), [("CancelRequested", "Cancelled"), ("OutOfStock", "Rejected"), ("CardDeclined", "Rejected")]
)
def test_an_order_of_which_nothing_remains_is_answered_200(customer, order_id, end, reason, status):
    customer.cancel(order_id)
    end("Compensated", reason)
    answer = customer.cancel(order_id)
    assert (answer.status_code, answer.json["status"], answer.json["reason"]) == (200, status, reason)


@pytest.mark.parametrize(("phase", "status"), [("Succeeded", "Confirmed"), ("Aborted", "NeedsAttention")])
@pytest.mark.parametrize("asked_before", [True, False])
def test_too_late_is_a_409_that_says_so(customer, order_id, end, asked, phase, status, asked_before):
    if asked_before:
        customer.cancel(order_id)
    end(phase)
    before = asked()
    answer = customer.cancel(order_id)
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.json["type"] == "urn:skald:problem:too-late"
    assert status in answer.json["detail"]
    assert asked() == before, "a finished saga is left alone"
    assert customer.get(f"/v1/orders/{order_id}").json["cancelRequested"] is asked_before


def test_a_verdict_that_comes_in_between_is_told(customer, order_id, end, orders, monkeypatch):
    read, reads = orders.get, []

    def get(id_):
        reads.append(id_)
        found = read(id_)
        if len(reads) == 1:
            end("Succeeded")
        return found

    monkeypatch.setattr(type(orders), "get", lambda _self, id_: get(id_))
    assert customer.cancel(order_id).status_code == 409


def test_somebody_elses_order_is_not_found(customer_of, order_id, asked):
    answer = customer_of().cancel(order_id)
    assert (answer.status_code, answer.json["type"]) == (404, "urn:skald:problem:order-not-found")
    assert "cancel" not in asked()
