"""What sagas ask of payments: authorize, and then void or capture.

Each has its effect at the provider, which no write of ours can cover. So each is work that is begun in the payment
first; the provider is asked under an id that stays the same, so whoever finds the work begun can ask again (rule R5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field
from skald.messaging.participant import OPERATOR, Handler, Participant, reading
from skald.money import Money
from skald.repository import Done, Event, Failed, Repository, Started, Work
from skald.schema import Body
from skald_wire import Command

from payments.domain import Authorization, Payment, PaymentMethods, Provider, ProviderRefused, Status

__all__ = ["AuthorizeInput", "CaptureInput", "Commands", "participant"]

_UUID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class AuthorizeInput(Body):
    """Input of ``payments.authorize``."""

    order_id: str = Field(pattern=_UUID)
    user_id: str = Field(min_length=1, max_length=128)
    amount: Money
    method: str = Field(min_length=1, max_length=128)


class CaptureInput(Body):
    """Input of ``payments.capture``."""

    payment_id: str = Field(min_length=1, max_length=128)


Decision = Done[Payment] | Failed[Payment] | Started[Payment]


class Authorize:
    """Have the provider set the money aside."""

    name = "authorize"
    undoable = True

    def __init__(self, methods: PaymentMethods, provider: Provider) -> None:
        self._methods = methods
        self._provider = provider

    def run(self, payment: Payment, _command_id: str) -> Authorization | None:
        """The provider's answer, or None when the user has no such method. Raises ProviderUnavailable."""
        method = self._methods.of_user(payment.user, payment.method)
        return method and self._provider.authorize(payment.id, method.token, payment.money, payment.order)

    def finish(self, payment: Payment, authorization: Authorization | None) -> Done[Payment] | Failed[Payment]:
        """Authorized, or refused."""
        if authorization is None:
            message = f"user {payment.user} has no payment method {payment.method}"
            return Failed("UnknownPaymentMethod", message, state=payment.refused())
        if authorization.id is None:
            return Failed("CardDeclined", authorization.reason, state=payment.refused())
        reply = {"paymentId": payment.id, "authorizationId": authorization.id}
        return Done(payment.authorized(authorization.id), reply)

    def undo(self, payment: Payment, _command_id: str) -> Payment:
        """Void it, whether or not the provider has heard of it yet."""
        self._provider.void(payment.id)
        return payment if payment.status is Status.REFUSED else payment.voided()


class Void:
    """Free the money again."""

    name = "void"
    undoable = False

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def run(self, payment: Payment, _command_id: str) -> None:
        """Raises ProviderUnavailable."""
        self._provider.void(payment.id)

    def finish(self, payment: Payment, _outcome: None) -> Done[Payment]:
        """Voided."""
        return Done(payment.voided())

    def undo(self, payment: Payment, _command_id: str) -> Payment:
        """Never called: money set free stays free."""
        raise NotImplementedError(f"the void of payment {payment.id} cannot be taken back")


class Capture:
    """Have the provider move the money: the order saga's pivot. Once begun it is finished, also by a cancel."""

    name = "capture"
    undoable = False

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def run(self, payment: Payment, command_id: str) -> str | None:
        """The capture's id, or None when the provider will not. Raises ProviderUnavailable."""
        try:
            return self._provider.capture(command_id, payment.authorization or "", payment.money)
        except ProviderRefused:
            return None

    def finish(self, payment: Payment, capture: str | None) -> Done[Payment] | Failed[Payment]:
        """Captured, or refused."""
        if capture is None:
            message = f"the provider no longer honours authorization {payment.authorization} of payment {payment.id}"
            return Failed("CaptureRefused", message)
        event = Event("payments.captured", payment.order, _captured(payment))
        return Done(payment.captured(capture), {"captureId": capture}, [event])

    def undo(self, payment: Payment, _command_id: str) -> Payment:
        """Never called: money that has moved is not taken back."""
        raise NotImplementedError(f"the capture of payment {payment.id} cannot be taken back")


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
        fresh = Payment(command.address.command_id, order.order_id, order.user_id, order.amount, order.method)
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


def _captured(payment: Payment) -> dict[str, Any]:
    return {
        "orderId": payment.order,
        "userId": payment.user,
        "paymentId": payment.id,
        "amount": {"amount": payment.money.amount, "currency": payment.money.currency},
    }
