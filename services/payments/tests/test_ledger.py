"""Money is conserved in the ledger under any sequence of requests: repeated, crossed, or late."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from test_provider.domain import Request, State, card_of

TOKENS = ["tok_approved", "tok_declined", "tok_fails_1"]


@dataclass
class Fate:
    """What payments knows of one payment, and which way it has turned."""

    key: str
    request: Request
    authorized: bool = False
    turned_to: State | None = None


class LedgerMachine(RuleBasedStateMachine):
    """Several payments of one order, whose requests come in any order."""

    payments = Bundle("payments")

    def __init__(self):
        super().__init__()
        self.ledger = self.make_ledger()
        self.fates = []

    def make_ledger(self):
        raise NotImplementedError

    @rule(target=payments, token=st.sampled_from(TOKENS), amount=st.integers(1, 1000))
    def begin(self, token, amount):
        fate = Fate(f"k{len(self.fates)}", Request(token, amount, "EUR", "o"))
        self.fates.append(fate)
        return fate

    @rule(fate=payments)
    def ask_for_authorization_however_late(self, fate):
        entry = self.ledger.receive(fate.key, fate.request)
        card = card_of(fate.request.token)
        if entry.state is State.RECEIVED and entry.attempts > card.failures:
            entry = self.ledger.settle(fate.key, approved=card.approves)
        fate.authorized = entry.state is State.APPROVED

    @rule(fate=payments)
    def void_what_is_not_captured(self, fate):
        if fate.turned_to is not State.CAPTURED:
            fate.turned_to = State.VOIDED
            assert self.ledger.void(fate.key).state in (State.VOIDED, State.DECLINED)

    @rule(fate=payments)
    def capture_what_is_authorized(self, fate):
        if fate.authorized and fate.turned_to is not State.VOIDED:
            fate.turned_to = State.CAPTURED
            assert self.ledger.capture(f"c-{fate.key}", fate.key).capture_key == f"c-{fate.key}"

    @invariant()
    def the_sums_are_those_of_the_fates(self):
        def total(state):
            return sum(fate.request.amount for fate in self.fates if fate.turned_to is state)

        sums = self.ledger.sums("EUR")
        assert sums.get(State.CAPTURED, 0) == total(State.CAPTURED)
        assert sums.get(State.VOIDED, 0) <= total(State.VOIDED)

    def teardown(self):
        """Every saga ends: nothing stays set aside."""
        for fate in self.fates:
            self.void_what_is_not_captured(fate)
        assert self.ledger.sums("EUR").get(State.APPROVED, 0) == 0


def test_money_is_conserved(ledger, ledger_database):
    class OnTheDatabase(LedgerMachine):
        def make_ledger(self):
            ledger_database["ledger"].delete_many({})
            return ledger

    quick = settings(
        max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(OnTheDatabase, settings=quick)
