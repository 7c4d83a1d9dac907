"""Payments as a saga meets it: messages in, replies out, money in the test provider's ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from uuid import uuid4

import pytest
from payments.domain import ProviderUnavailable, Status
from payments.provider import HttpProvider
from payments.store import Payments
from skald.clients.http import HttpClient
from skald.testing.contracts import command_errors
from skald.testing.messages import SagaStep, cancel
from skald_wire import OnFailure, ReplyType
from test_provider.domain import State

AMOUNT = 24_900


@pytest.fixture
def saga():
    """Makes the steps of one saga."""
    return partial(SagaStep, "payments", f"saga-{uuid4()}")


def paying(method="pm_approved", user="ada"):
    amount = {"amount": AMOUNT, "currency": "EUR"}
    return {"orderId": str(uuid4()), "userId": user, "amount": amount, "method": method}


def shown(database, body):
    """What the user sees of the payment."""
    return Payments(database).of_order(body["orderId"], body["userId"])


def test_authorize_then_capture_moves_the_money_and_tells_the_world(payments, database, ledger, saga):
    body = paying()
    authorized = payments.answer(saga("authorize").action("authorize", body))
    assert authorized.type is ReplyType.SUCCEEDED
    assert command_errors("payments.authorize", "output", authorized.body) == []
    assert ledger.sums("EUR") == {State.APPROVED: AMOUNT}
    capture = saga("capture").action("capture", {"paymentId": authorized.body["paymentId"]})
    for reply in (payments.answer(capture), payments.answer(capture)):
        assert reply.type is ReplyType.SUCCEEDED
        assert command_errors("payments.capture", "output", reply.body) == []
    assert ledger.sums("EUR") == {State.CAPTURED: AMOUNT}
    assert shown(database, body).status is Status.CAPTURED
    outbox = database["payments"].find_one({"_id": saga("capture").saga_key})["outbox"]
    assert [(event["type"], event["subject"]) for event in outbox] == [("payments.captured", body["orderId"])]


def test_authorize_then_void_frees_the_money(payments, database, ledger, saga):
    body = paying()
    authorize = saga("authorize").action("authorize", body)
    payments.answer(authorize)
    void = saga("authorize").compensation("void", body)
    for reply in (payments.answer(void), payments.answer(void)):
        assert (reply.type, command_errors("payments.void", "output", reply.body)) == (ReplyType.SUCCEEDED, [])
    assert ledger.sums("EUR") == {State.VOIDED: AMOUNT}
    assert shown(database, body).status is Status.VOIDED


def test_R3_a_declined_card_fails_for_good_and_is_shown_as_refused(payments, database, ledger, saga):
    body = paying("pm_declined")
    authorize = saga("authorize").action("authorize", body)
    for reply in (payments.answer(authorize), payments.answer(authorize), payments.answer(cancel(authorize))):
        assert (reply.type, reply.code, reply.final) == (ReplyType.FAILED, "CardDeclined", True)
    assert ledger.sums("EUR") == {}
    assert shown(database, body).status is Status.REFUSED


@pytest.mark.parametrize("method", ["pm_none", "pm_of_bob"])
def test_an_unknown_method_and_another_users_are_the_same(payments, ledger, saga, method):
    body = paying(method)
    reply = payments.answer(saga("authorize").action("authorize", body))
    assert (reply.code, reply.final) == ("UnknownPaymentMethod", True)
    assert ledger.of_order(body["orderId"]) == []


def test_R3_a_provider_that_is_out_of_order_is_asked_again_under_the_same_key(payments, ledger, saga):
    body = paying("pm_fails_2")
    authorize = saga("authorize").action("authorize", body)
    replies = [payments.answer(authorize) for _ in range(3)]
    assert [(reply.type, reply.final) for reply in replies] == [
        (ReplyType.FAILED, False),
        (ReplyType.FAILED, False),
        (ReplyType.SUCCEEDED, False),
    ]
    assert replies[0].code == "ProviderUnavailable"
    assert [(entry.state, entry.attempts) for entry in ledger.of_order(body["orderId"])] == [(State.APPROVED, 3)]


def test_R3_a_provider_that_is_away_leaves_the_payment_authorizing(make_payments, payments, database, token, saga):
    away = make_payments(HttpProvider(HttpClient("test-provider", "http://127.0.0.1:9", token=token)))
    body = paying()
    authorize = saga("authorize").action("authorize", body)
    failed = away.answer(authorize)
    assert (failed.code, failed.final) == ("ProviderUnavailable", False)
    assert shown(database, body).status is Status.AUTHORIZING
    assert payments.answer(authorize).type is ReplyType.SUCCEEDED


def test_R5_a_void_waits_for_a_provider_that_is_away(make_payments, payments, ledger, token, saga):
    away = make_payments(HttpProvider(HttpClient("test-provider", "http://127.0.0.1:9", token=token)))
    body = paying()
    authorize = saga("authorize").action("authorize", body)
    payments.answer(authorize)
    void = saga("authorize").compensation("void", body)
    failed = away.answer(void)
    assert (failed.code, failed.final) == ("ProviderUnavailable", False)
    assert payments.answer(void).type is ReplyType.SUCCEEDED
    assert ledger.sums("EUR") == {State.VOIDED: AMOUNT}


class Unheard:
    """Does what it is asked, and its answer is lost."""

    def __init__(self, provider):
        self._provider = provider

    def authorize(self, *arguments):
        self._provider.authorize(*arguments)
        raise ProviderUnavailable("the answer was lost")

    def capture(self, *arguments):
        self._provider.capture(*arguments)
        raise ProviderUnavailable("the answer was lost")

    def void(self, *arguments):
        self._provider.void(*arguments)
        raise ProviderUnavailable("the answer was lost")


def test_R5_a_lost_answer_is_asked_for_again_and_nothing_happens_twice(make_payments, payments, provider, ledger, saga):
    unheard = make_payments(Unheard(provider))
    body = paying()
    authorize = saga("authorize").action("authorize", body)
    assert unheard.answer(authorize).final is False
    authorized = payments.answer(authorize)
    capture = saga("capture").action("capture", {"paymentId": authorized.body["paymentId"]})
    assert unheard.answer(capture).final is False
    assert payments.answer(capture).type is ReplyType.SUCCEEDED
    assert ledger.sums("EUR") == {State.CAPTURED: AMOUNT}
    assert len(ledger.of_order(body["orderId"])) == 1


def test_R5_a_cancel_voids_what_was_authorized_without_our_knowing(make_payments, payments, provider, ledger, saga):
    authorize = saga("authorize").action("authorize", paying())
    make_payments(Unheard(provider)).answer(authorize)
    assert payments.answer(cancel(authorize)).type is ReplyType.CANCELLED
    assert ledger.sums("EUR") == {State.VOIDED: AMOUNT}


def test_R5_a_cancel_finishes_a_capture_that_was_begun(make_payments, payments, provider, ledger, saga):
    body = paying()
    authorized = payments.answer(saga("authorize").action("authorize", body))
    capture = saga("capture").action("capture", {"paymentId": authorized.body["paymentId"]})
    make_payments(Unheard(provider)).answer(capture)
    assert payments.answer(cancel(capture)).type is ReplyType.SUCCEEDED
    assert ledger.sums("EUR") == {State.CAPTURED: AMOUNT}


class Gated:
    """Asks the provider only when the test says so."""

    def __init__(self, provider):
        self._provider = provider
        self.asked, self.go_on = Event(), Event()

    def authorize(self, *arguments):
        self.asked.set()
        assert self.go_on.wait(30)
        return self._provider.authorize(*arguments)


def test_R5_an_authorization_that_arrives_after_the_cancel_authorizes_nothing(
    make_payments, payments, provider, ledger, saga
):
    gate = Gated(provider)
    body = paying()
    authorize = saga("authorize").action("authorize", body)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(make_payments(gate).answer, authorize)
        assert gate.asked.wait(30)
        assert payments.answer(cancel(authorize)).type is ReplyType.CANCELLED
        gate.go_on.set()
        assert under_way.result().type is ReplyType.CANCELLED
    assert ledger.sums("EUR") == {}


def test_a_slow_card_is_waited_for(payments, ledger, saga):
    assert payments.answer(saga("authorize").action("authorize", paying("pm_slow"))).type is ReplyType.SUCCEEDED
    assert ledger.sums("EUR") == {State.APPROVED: AMOUNT}


def test_R3_a_capture_that_the_provider_refuses_fails_for_good(payments, provider, ledger, saga):
    authorized = payments.answer(saga("authorize").action("authorize", paying()))
    provider.void(authorized.body["paymentId"])
    refused = payments.answer(saga("capture").action("capture", {"paymentId": authorized.body["paymentId"]}))
    assert (refused.code, refused.final) == ("CaptureRefused", True)
    assert "voided" in refused.message
    assert ledger.sums("EUR") == {State.VOIDED: AMOUNT}


def test_many_deliveries_at_once_authorize_and_capture_once(payments, ledger, saga):
    body = paying()
    authorize = saga("authorize").action("authorize", body)
    with ThreadPoolExecutor(8) as pool:
        paid = {reply.body.get("paymentId") for reply in pool.map(payments.answer, [authorize] * 8)}
        capture = saga("capture").action("capture", {"paymentId": paid.pop()})
        captures = {reply.body["captureId"] for reply in pool.map(payments.answer, [capture] * 8)}
    assert (len(paid), len(captures)) == (0, 1)
    assert ledger.sums("EUR") == {State.CAPTURED: AMOUNT}


def test_behind_the_pivot_nothing_is_registered_as_failed(payments, saga):
    capture = saga("capture").action("capture", {"paymentId": "none"}, on_failure=OnFailure.RETRY)
    assert payments.answer(capture).final is False
