"""What orders writes into a Saga and into its events is what the contracts say."""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator
from orders.domain import Order, PricedLine, Status
from orders.events import placed
from orders.saga import conclude, saga_of
from skald.money import Money
from skald.outbox import cloud_event, first
from skald.sagas import SagaSpec, Verdict, object_of
from skald.testing.contracts import CONTRACTS, event_errors

ORDER = Order(
    id="7b0f3c52-6a5e-5b7b-9a2e-0c6f5a8d1e44",
    user="ada",
    request="f" * 64,
    lines=(
        PricedLine("harp", 2, Money(129_900, "EUR"), Money(259_800, "EUR")),
        PricedLine("drum", 1, Money(24_900, "EUR"), Money(24_900, "EUR")),
    ),
    total=Money(284_700, "EUR"),
    payment_method="pm_ok",
    address="default",
    placed_at="2025-11-22T12:00:00.000Z",
)


def published(event):
    (stored,) = first([event], 1_763_812_800.0)["outbox"]
    return json.loads(cloud_event(stored, "orders"))


def test_the_saga_gets_references_and_amounts_and_nothing_else():
    saga = saga_of(ORDER, "place-order-v1")
    assert (saga.name, saga.definition) == (f"order-{ORDER.id}", "place-order-v1")
    assert saga.input == {
        "orderId": ORDER.id,
        "userId": "ada",
        "lines": [{"sku": "harp", "quantity": 2}, {"sku": "drum", "quantity": 1}],
        "total": {"amount": 284_700, "currency": "EUR"},
        "paymentMethod": "pm_ok",
        "address": {"addressId": "default"},
    }


def test_the_saga_can_be_looked_up_for_a_week_and_then_leaves_etcd():
    made = object_of(saga_of(ORDER, "place-order-v1").stored(0.0), "shop")
    assert made["spec"]["ttlSecondsAfterFinished"] == 604_800


def test_a_saga_that_is_to_stay_says_nothing_of_a_time():
    assert "ttlSecondsAfterFinished" not in object_of(SagaSpec("s", "d-v1", {}).stored(0.0), "shop")["spec"]


def test_the_definition_takes_that_input():
    path = CONTRACTS.parents[1] / "manifests" / "definitions" / "place-order-v1.yaml"
    schema = yaml.safe_load(path.read_text())["spec"]["inputSchema"]
    assert list(Draft202012Validator(schema).iter_errors(saga_of(ORDER, "place-order-v1").input)) == []


def test_a_placed_order_is_told_as_the_schema_says():
    event = published(placed(ORDER))
    assert event_errors(event) == []
    assert (event["type"], event["subject"], event["source"]) == ("orders.placed", ORDER.id, "orders")


@pytest.mark.parametrize(
    ("verdict", "status", "reason", "event_type"),
    [
        (Verdict("Succeeded"), Status.CONFIRMED, None, "orders.confirmed"),
        (Verdict("Compensated", "CardDeclined"), Status.REJECTED, "CardDeclined", "orders.rejected"),
        (Verdict("Compensated"), Status.REJECTED, "Compensated", "orders.rejected"),
        (Verdict("Compensated", "CancelRequested"), Status.CANCELLED, "CancelRequested", "orders.cancelled"),
        (Verdict("Refused", "SagaRefused", "No."), Status.NEEDS_ATTENTION, "SagaRefused", "orders.needs-attention"),
        (Verdict("Aborted", "ByHand"), Status.NEEDS_ATTENTION, "ByHand", "orders.needs-attention"),
        (Verdict("Aborted"), Status.NEEDS_ATTENTION, "Aborted", "orders.needs-attention"),
    ],
)
def test_a_verdict_concludes_the_order_and_is_told(verdict, status, reason, event_type):
    done = conclude(ORDER, verdict)
    assert (done.state.status, done.state.reason, done.state.message) == (status, reason, verdict.message)
    (event,) = done.events
    assert event.type == event_type
    assert event_errors(published(event)) == []


def test_a_saga_that_comes_back_says_nothing_new():
    confirmed = ORDER.confirm()
    done = conclude(confirmed, Verdict("Compensated", "OutOfStock"))
    assert (done.state, tuple(done.events)) == (confirmed, ())
