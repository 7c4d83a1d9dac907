"""What each command means for a payment, without a database or a provider."""

from __future__ import annotations

from dataclasses import replace

import pytest
from payments.commands import AuthorizeInput, CaptureInput, Commands
from payments.domain import Payment, Status
from pydantic import ValidationError
from skald.money import Money
from skald.repository import Failed, Started
from skald.testing.contracts import command_errors, event_errors
from skald.testing.messages import SagaStep

ORDER = "6f2c1f0e-5e0b-5d7e-9f0a-3c1d8a4b7e21"
BODY = {"orderId": ORDER, "userId": "ada", "amount": {"amount": 1, "currency": "EUR"}, "method": "pm_ok"}
AUTHORIZE = SagaStep("payments", "saga", "authorize").action("authorize", BODY)
CAPTURE = SagaStep("payments", "saga", "capture").action("capture", {})
VOID = SagaStep("payments", "saga", "authorize").compensation("void", {})
ID = AUTHORIZE.address.command_id
AUTHORIZED = Payment(ID, ORDER, "ada", Money(1, "EUR"), "pm_ok", Status.AUTHORIZED, "auth_1")


@pytest.fixture
def commands():
    return Commands(methods=None, provider=None)


def test_authorize_begins_under_the_command_id(commands):
    started = commands.authorize(None, AUTHORIZE, AuthorizeInput.model_validate(BODY))
    assert isinstance(started, Started)
    assert started.state == replace(AUTHORIZED, status=Status.AUTHORIZING, authorization=None)


def test_a_saga_has_one_payment(commands):
    failed = commands.authorize(AUTHORIZED, AUTHORIZE, AuthorizeInput.model_validate(BODY))
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retryable) == ("AlreadyAuthorized", False)


def test_only_the_sagas_own_authorized_payment_is_captured(commands):
    which = CaptureInput(paymentId=ID)
    assert isinstance(commands.capture(AUTHORIZED, CAPTURE, which), Started)
    assert commands.capture(None, CAPTURE, which).code == "UnknownPayment"
    assert commands.capture(AUTHORIZED, CAPTURE, CaptureInput(paymentId="other")).code == "UnknownPayment"
    for status in set(Status) - {Status.AUTHORIZED}:
        assert commands.capture(replace(AUTHORIZED, status=status), CAPTURE, which).code == "NotAuthorized"


def test_void_needs_no_input(commands):
    assert isinstance(commands.void(AUTHORIZED, VOID), Started)
    assert commands.void(None, VOID).code == "UnknownPayment"
    assert command_errors("payments.void", "input", {}) == []


def test_the_captured_event_keeps_its_contract(commands):
    capture = commands.works[2]
    (event,) = capture.finish(AUTHORIZED, "cap_1").events
    attributes = {"specversion": "1.0", "id": "1", "source": "payments", "datacontenttype": "application/json"}
    sent = {**attributes, "type": event.type, "subject": event.subject, "time": "2026-01-01T00:00:00Z"}
    assert event_errors({**sent, "data": event.data}) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"orderId": "4711"},
        {"userId": ""},
        {"amount": {"amount": 0, "currency": "EUR"}},
        {"amount": {"amount": 1.5, "currency": "EUR"}},
        {"amount": {"amount": 2**53, "currency": "EUR"}},
        {"amount": {"amount": 1, "currency": "euro"}},
        {"amount": 1},
        {"method": None},
        {"card": "4111 1111 1111 1111"},
    ],
)
def test_input_that_breaks_the_contract_is_refused(broken):
    body = {name: value for name, value in {**BODY, **broken}.items() if value is not None}
    assert command_errors("payments.authorize", "input", body)
    with pytest.raises(ValidationError):
        AuthorizeInput.model_validate(body)


def test_input_that_keeps_the_contract_is_read():
    assert command_errors("payments.authorize", "input", BODY) == []
    assert AuthorizeInput.model_validate(BODY).user_id == "ada"
