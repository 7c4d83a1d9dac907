"""Dispatch as a saga meets it, and what its input and output must look like."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pydantic import ValidationError
from shipping.commands import DispatchInput
from shipping.domain import tracking_number
from skald.testing.contracts import command_errors
from skald.testing.messages import SagaStep
from skald_wire import OnFailure, ReplyType

ORDER_ID = str(uuid4())
LINE = {"sku": "drum", "quantity": 2}
ORDER = {"orderId": ORDER_ID, "userId": "ada", "lines": [LINE], "addressId": "default"}


def test_dispatch_replies_what_the_contract_says_and_tells_the_world_once(shipping, database):
    step = SagaStep("shipping", f"saga-{uuid4()}", "dispatch")
    dispatch = step.action("dispatch", ORDER, on_failure=OnFailure.RETRY)
    first, again = shipping.answer(dispatch), shipping.answer(dispatch)
    assert (first.type, again.body) == (ReplyType.SUCCEEDED, first.body)
    assert command_errors("shipping.dispatch", "output", first.body) == []
    outbox = database["shipments"].find_one({"_id": step.saga_key})["outbox"]
    assert [(event["type"], event["subject"]) for event in outbox] == [("shipping.dispatched", ORDER_ID)]


def test_a_saga_has_one_shipment(shipping):
    saga = f"saga-{uuid4()}"
    shipping.answer(SagaStep("shipping", saga, "dispatch").action("dispatch", ORDER))
    second = shipping.answer(SagaStep("shipping", saga, "dispatch-again").action("dispatch", ORDER))
    assert (second.type, second.code) == (ReplyType.FAILED, "AlreadyDispatched")


def test_R3_behind_the_pivot_input_that_breaks_the_contract_is_never_registered(shipping):
    step = SagaStep("shipping", f"saga-{uuid4()}", "dispatch")
    refused = shipping.answer(step.action("dispatch", {}, on_failure=OnFailure.RETRY))
    assert (refused.code, refused.final) == ("InvalidInput", False)


def test_a_tracking_number_follows_from_its_command():
    one, other = str(uuid4()), str(uuid4())
    assert tracking_number(one) == tracking_number(one) != tracking_number(other)
    assert len(tracking_number(one)) == 18


@pytest.mark.parametrize(
    "broken",
    [
        {"userId": None},
        {"orderId": "4711"},
        {"lines": []},
        {"lines": [{**LINE, "quantity": 0}]},
        {"lines": [{**LINE, "sku": "Drum"}]},
        {"addressId": ""},
        {"street": "Elm Street 1"},
    ],
)
def test_input_that_breaks_the_contract_is_refused(broken):
    body = {name: value for name, value in {**ORDER, **broken}.items() if value is not None}
    assert command_errors("shipping.dispatch", "input", body)
    with pytest.raises(ValidationError):
        DispatchInput.model_validate(body)


def test_input_that_keeps_the_contract_is_read():
    assert command_errors("shipping.dispatch", "input", ORDER) == []
    assert DispatchInput.model_validate(ORDER).user_id == "ada"
