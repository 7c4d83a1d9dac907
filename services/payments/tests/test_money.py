"""Money is conserved whatever comes, in any order, however often, and whichever answers of the provider are lost."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payments.domain import ProviderRefused, ProviderUnavailable
from skald.testing.messages import SagaStep, cancel
from skald_wire import ReplyType
from test_provider.domain import Request, State

AMOUNT = 100
DELIVERIES = st.lists(
    st.tuples(st.sampled_from(["command", "cancel"]), st.sampled_from(["heard", "unheard", "away"])), max_size=4
)


class FaultyProvider:
    """The ledger over a line that loses requests or answers, when it is told to."""

    def __init__(self, ledger):
        self._ledger = ledger
        self.line = "heard"

    def authorize(self, key, token, money, order):
        def ask():
            self._ledger.receive(key, Request(token, money.amount, money.currency, order))
            return self._ledger.settle(key, approved=True)

        entry = self._over_the_line(ask)
        if entry.state is State.VOIDED:
            raise ProviderRefused("it was voided")
        return entry.authorization

    def void(self, key):
        self._over_the_line(lambda: self._ledger.void(key))

    def capture(self, key, authorized):
        return self._over_the_line(lambda: self._ledger.capture(key, authorized)).capture

    def _over_the_line(self, ask):
        if self.line == "away":
            raise ProviderUnavailable("the request was lost")
        answer = ask()
        if self.line == "unheard":
            raise ProviderUnavailable("the answer was lost")
        return answer


def test_every_saga_ends_with_all_of_its_money_captured_or_none(make_payments, ledger, ledger_database):
    provider = FaultyProvider(ledger)
    payments = make_payments(provider)

    def deliver(command, deliveries):
        """These deliveries, and then the command until it is settled, as the operator would."""
        for kind, line in deliveries:
            provider.line = line
            payments.answer(command if kind == "command" else cancel(command))
        provider.line = "heard"
        return payments.answer(command)

    @settings(
        max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(authorizing=DELIVERIES, next_step=st.sampled_from(["capture", "void"]), next_deliveries=DELIVERIES)
    def any_sequence(authorizing, next_step, next_deliveries):
        ledger_database["ledger"].delete_many({})
        saga = f"saga-{uuid4()}"
        step = SagaStep("payments", saga, "authorize")
        amount = {"amount": AMOUNT, "currency": "EUR"}
        order = {"orderId": str(uuid4()), "userId": "ada", "amount": amount, "method": "pm_approved"}
        authorize = step.action("authorize", order)
        authorized = deliver(authorize, authorizing)
        captured = False
        if authorized.type is ReplyType.SUCCEEDED and next_step == "capture":
            which = {"paymentId": authorized.body["paymentId"]}
            capture = SagaStep("payments", saga, "capture").action("capture", which)
            captured = deliver(capture, next_deliveries).type is ReplyType.SUCCEEDED
        if not captured:
            without_cancels = [(kind, line) for kind, line in next_deliveries if kind == "command"]
            assert deliver(step.compensation("void", order), without_cancels).type is ReplyType.SUCCEEDED
        sums = ledger.sums("EUR")
        assert sums.get(State.CAPTURED, 0) == (AMOUNT if captured else 0)
        assert sums.get(State.APPROVED, 0) == 0

    any_sequence()
