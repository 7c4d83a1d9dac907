"""What sagas ask of payments: authorize, and then void or capture.

Each has its effect at the provider, which no write of ours can cover. So each is work that is begun in the payment
first; the provider is asked under an id that stays the same, so whoever finds the work begun can ask again (rule R5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field
from skald.messaging.participant import OPERATOR, Handler, Participant, reading
from skald.money import LARGEST_AMOUNT, Money
from skald.repository import Done, Event, Failed, Repository, Started, Work
from skald.schema import Body
from skald_wire import Command

from payments.domain import Payment, PaymentMethods, Provider, ProviderRefused, ProviderUnavailable, Status

__all__ = ["AuthorizeInput", "CaptureInput", "Commands", "participant"]

_UUID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class MoneyInput(Body):
    """An amount in minor units."""

    amount: int = Field(ge=1, le=LARGEST_AMOUNT)
    currency: str = Field(pattern="^[A-Z]{3}$")


class AuthorizeInput(Body):
    """Input of ``payments.authorize``."""

    order_id: str = Field(pattern=_UUID)
    user_id: str = Field(min_length=1, max_length=128)
    amount: MoneyInput
    method: str = Field(min_length=1, max_length=128)


class CaptureInput(Body):
    """Input of ``payments.capture``."""

    payment_id: str = Field(min_length=1, max_length=128)


Decision = Done[Payment] | Failed[Payment] | Started[Payment]


class Authorize:
    """Have the provider set the money aside."""

    name = "authorize"

    def __init__(self, methods: PaymentMethods, provider: Provider) -> None:
        self._methods = methods
        self._provider = provider

    def run(self, payment: Payment, _command_id: str) -> str | Failed[Payment]:
        """The authorization's id, or why there is none."""
        method = self._methods.of_user(payment.user, payment.method)
        if method is None:
            message = f"user {payment.user} has no payment method {payment.method}"
            return Failed("UnknownPaymentMethod", message, state=payment.refused())
        try:
            return self._provider.authorize(payment.id, method.token, payment.money, payment.order)
        except ProviderRefused as error:
            return Failed("CardDeclined", str(error), state=payment.refused())
        except ProviderUnavailable as error:
            return _unavailable(error)

    def finish(self, payment: Payment, outcome: str | Failed[Payment]) -> Done[Payment] | Failed[Payment]:
        """Authorized, or refused."""
        if isinstance(outcome, Failed):
            return outcome
        return Done(payment.authorized(outcome), {"paymentId": payment.id, "authorizationId": outcome})

    def undo(self, payment: Payment, _command_id: str) -> Payment:
        """Void it, whether or not the provider has heard of it yet."""
        self._provider.void(payment.id)
        return payment if payment.status is Status.REFUSED else payment.voided()


class Void:
    """Free the money again."""

    name = "void"

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def run(self, payment: Payment, _command_id: str) -> Failed[Payment] | None:
        """None when it is voided."""
        try:
            self._provider.void(payment.id)
        except ProviderUnavailable as error:
            return _unavailable(error)
        except ProviderRefused as error:
            return Failed("VoidRefused", str(error), retryable=True)
        return None

    def finish(self, payment: Payment, outcome: Failed[Payment] | None) -> Done[Payment] | Failed[Payment]:
        """Voided, or not yet."""
        return outcome or Done(payment.voided())


class Capture:
    """Have the provider move the money: the order saga's pivot."""

    name = "capture"

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def run(self, payment: Payment, command_id: str) -> str | Failed[Payment]:
        """The capture's id, or why there is none."""
        try:
            return self._provider.capture(command_id, payment.id)
        except ProviderRefused as error:
            return Failed("CaptureRefused", str(error))
        except ProviderUnavailable as error:
            return _unavailable(error)

    def finish(self, payment: Payment, outcome: str | Failed[Payment]) -> Done[Payment] | Failed[Payment]:
        """Captured, or refused."""
        if isinstance(outcome, Failed):
            return outcome
        event = Event("payments.captured", payment.order, _captured(payment))
        return Done(payment.captured(outcome), {"captureId": outcome}, [event])


class Commands:
    """One method per command: what it means for the payment at hand. The work is done later, by the repository."""

    def __init__(self, methods: PaymentMethods, provider: Provider) -> None:
        self._authorize, self._void, self._capture = Authorize(methods, provider), Void(provider), Capture(provider)

    @property
    def works(self) -> Sequence[Work[Payment]]:
        """All work that a payment can be found begun with."""
        return self._authorize, self._void, self._capture

    def authorize(self, payment: Payment | None, command: Command, order: AuthorizeInput) -> Decision:
        """Set the order's money aside."""
        if payment is not None:
            return Failed("AlreadyAuthorized", f"this saga has payment {payment.id}; it can have one only")
        money = Money(order.amount.amount, order.amount.currency)
        fresh = Payment(command.address.command_id, order.order_id, order.user_id, money, order.method)
        return Started(fresh, self._authorize)

    def void(self, payment: Payment | None, _command: Command) -> Decision:
        """Free the money; the saga's payment is known without any input."""
        return Started(payment, self._void) if payment else Failed("UnknownPayment", "this saga has no payment")

    def capture(self, payment: Payment | None, _command: Command, which: CaptureInput) -> Decision:
        """Move the money."""
        if payment is None or payment.id != which.payment_id:
            return Failed("UnknownPayment", f"this saga has no payment {which.payment_id}")
        if payment.status is not Status.AUTHORIZED:
            return Failed("NotAuthorized", f"payment {payment.id} is {payment.status}, so there is nothing to capture")
        return Started(payment, self._capture)


def participant(repository: Repository[Payment], commands: Commands) -> Participant[Payment]:
    """Payments as sagas see it."""
    return Participant(
        "payments",
        repository,
        {
            "authorize": Handler(reading(AuthorizeInput, commands.authorize), senders=OPERATOR),
            "void": Handler(commands.void, senders=OPERATOR, undoes="authorize"),
            "capture": Handler(reading(CaptureInput, commands.capture), senders=OPERATOR),
        },
    )


def _unavailable(error: ProviderUnavailable) -> Failed[Payment]:
    """Whether the provider acted is unknown: the work stays begun, and the next try asks under the same key."""
    return Failed("ProviderUnavailable", str(error), retryable=True)


def _captured(payment: Payment) -> dict[str, Any]:
    return {
        "orderId": payment.order,
        "userId": payment.user,
        "paymentId": payment.id,
        "amount": {"amount": payment.money.amount, "currency": payment.money.currency},
    }
