"""R1 to R6 by the chassis' kit: payments on the real database and with the test provider's ledger."""

from __future__ import annotations

from uuid import uuid4

import pytest
from skald.testing.conformance import CompensationRules, ParticipantRules, Subject
from skald.testing.messages import SagaStep
from skald_wire import ReplyType
from test_provider.domain import State

ORDER = {
    "orderId": str(uuid4()),
    "userId": "ada",
    "amount": {"amount": 100, "currency": "EUR"},
    "method": "pm_approved",
}


def authorize_of(step):
    """The authorize command of the saga that ``step`` belongs to."""
    return SagaStep("payments", step.saga, "authorize").action("authorize", ORDER)


@pytest.fixture
def at_the_provider(ledger):
    """How often a saga's authorization is in a state, in the provider's books."""

    def count(state):
        def of_saga(saga_key):
            step = SagaStep("payments", saga_key.partition("/")[2])
            entry = ledger.get(authorize_of(step).address.command_id)
            return int(entry is not None and entry.state is state)

        return of_saga

    return count


class TestAuthorize(CompensationRules):
    @pytest.fixture
    def subject(self, payments, at_the_provider):
        return Subject(payments, "authorize", ORDER, effects=at_the_provider(State.APPROVED), compensation="void")


class Capture(Subject):
    """Captures what the same saga has authorized before."""

    def act(self, step):
        return step.action("capture", {"paymentId": authorize_of(step).address.command_id})


class TestCapture(ParticipantRules):
    @pytest.fixture
    def subject(self, payments, at_the_provider):
        def authorize(step):
            assert payments.answer(authorize_of(step)).type is ReplyType.SUCCEEDED

        return Capture(payments, "capture", {}, effects=at_the_provider(State.CAPTURED), before=authorize)
