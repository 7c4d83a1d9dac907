"""Events and the inbox: a claim that nobody will settle costs an event some time, but never its life."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from skald.messaging.deliveries import Ack, Delivery, Refuse
from skald.messaging.events import EventHandler, Subscription
from skald.messaging.inbox import LEASE, Claim, Inbox, Taken
from skald.messaging.metrics import WorkerMetrics
from skald.mongo import StoreUnavailable
from skald_wire import Envelope

EVENT = {"specversion": "1.0", "id": "e-1", "source": "s", "type": "t"}


@pytest.fixture
def inbox(database) -> Inbox:
    return Inbox(database["inbox"])


@pytest.fixture
def delivery() -> Delivery:
    return Delivery(Envelope("events", "t", "e-1", "", "t", {}, json.dumps(EVENT).encode()), deliveries=0)


class Hearing:
    """Fails as often as told; each failure is of this kind."""

    def __init__(self, error: Exception, failures: int = 1) -> None:
        self.error = error
        self.failures = failures
        self.calls = 0

    def __call__(self, _event) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error


def handler_of(hear, inbox) -> EventHandler:
    return EventHandler(Subscription("events.orders", {"t": hear}, inbox), WorkerMetrics(CollectorRegistry()))


def test_an_event_whose_handler_lost_the_database_may_be_handled_at_once(inbox, delivery) -> None:
    hear = Hearing(StoreUnavailable("away"))
    handler = handler_of(hear, inbox)
    with pytest.raises(StoreUnavailable):
        handler.handle(delivery)
    assert handler.handle(delivery) == Ack()
    assert handler.handle(delivery) == Ack()
    assert hear.calls == 2, "once lost, once handled; the third was a duplicate"


@pytest.fixture
def overrun(inbox, database) -> Claim:
    """The claim of a handler that took longer than its lease."""
    claim = inbox.claim("e-1")
    assert isinstance(claim, Claim)
    database["inbox"].update_one({"_id": "e-1"}, {"$set": {"claimedUntil": claim.until - 2 * LEASE}})
    return Claim("e-1", claim.until - 2 * LEASE)


def test_who_overran_the_lease_does_not_free_what_another_has_taken_over(inbox, overrun) -> None:
    successor = inbox.claim("e-1")
    assert isinstance(successor, Claim)
    inbox.release(overrun)
    assert inbox.claim("e-1") is Taken.BUSY
    inbox.release(successor)
    assert isinstance(inbox.claim("e-1"), Claim)


def test_who_overran_the_lease_does_not_free_what_another_has_handled(inbox, overrun) -> None:
    inbox.settle(inbox.claim("e-1"), handled=True)
    inbox.release(overrun)
    assert inbox.claim("e-1") is Taken.HANDLED


def test_what_was_handled_in_spite_of_all_is_not_handled_again(inbox, overrun) -> None:
    successor = inbox.claim("e-1")
    inbox.settle(overrun, handled=True)
    inbox.release(successor)
    assert inbox.claim("e-1") is Taken.HANDLED


def test_a_claim_that_cannot_be_released_hides_nothing_from_the_consumer(inbox, delivery, monkeypatch, caplog) -> None:
    def away(*_, **__) -> None:
        raise StoreUnavailable("still away")

    monkeypatch.setattr(inbox, "settle", away)
    with pytest.raises(StoreUnavailable, match="lost in the handler"):
        handler_of(Hearing(StoreUnavailable("lost in the handler")), inbox).handle(delivery)
    assert "event e-1 is free again in 60 s: still away" in caplog.text


def test_the_claim_of_a_dead_handler_is_over_before_the_broker_gives_the_event_up(inbox, delivery) -> None:
    topology = yaml.safe_load(Path("charts/rabbitmq/files/topology.yaml").read_text())
    assert isinstance(inbox.claim("e-1"), Claim)
    refusal = handler_of(Hearing(ZeroDivisionError()), inbox).handle(delivery)
    assert isinstance(refusal, Refuse)
    assert refusal.delay * topology["deliveryLimit"] >= 2 * LEASE.total_seconds()
