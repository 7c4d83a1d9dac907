"""What a payment is, and what may become of it. Pure: no clock, no database, no provider.

The money moves at the provider. A payment records what is known of that: it is written before the provider is asked,
and again when its answer is known, and every request to the provider carries an id that is the same however often it
is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from skald.money import Money

__all__ = [
    "Payment",
    "PaymentMethod",
    "PaymentMethods",
    "Provider",
    "ProviderRefused",
    "ProviderUnavailable",
    "Status",
]


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """How a user pays. What orders and sagas hold is its id; the provider alone knows the card behind the token."""

    id: str
    user: str
    token: str
    label: str


class PaymentMethods(Protocol):
    """The methods that users have left with us."""

    def of_user(self, user: str, method: str) -> PaymentMethod | None:
        """That method, if it is this user's own."""


class Status(StrEnum):
    """What is known of a payment's money."""

    AUTHORIZING = "Authorizing"
    AUTHORIZED = "Authorized"
    REFUSED = "Refused"
    VOIDED = "Voided"
    CAPTURED = "Captured"


@dataclass(frozen=True, slots=True)
class Payment:
    """The money side of one saga."""

    id: str
    """The id of the authorize command, which is also the provider's idempotency key for the authorization."""
    order: str
    user: str
    money: Money
    method: str
    status: Status = Status.AUTHORIZING
    authorization: str | None = None
    capture: str | None = None

    def refused(self) -> Payment:
        """The provider, or this service, said no: no money is set aside."""
        return replace(self, status=Status.REFUSED)

    def authorized(self, authorization: str) -> Payment:
        """The provider has set the money aside under ``authorization``."""
        return replace(self, status=Status.AUTHORIZED, authorization=authorization)

    def voided(self) -> Payment:
        """The money set aside is free again."""
        return replace(self, status=Status.VOIDED)

    def captured(self, capture: str) -> Payment:
        """The money has moved: from here there is no way back."""
        return replace(self, status=Status.CAPTURED, capture=capture)


class ProviderUnavailable(Exception):
    """The provider did not answer, or could not: whether it acted is unknown, so ask again with the same key."""


class ProviderRefused(Exception):
    """The provider will not do this however often it is asked; the text is its reason."""


class Provider(Protocol):
    """Whoever moves the money. Whatever is asked again under the same key is answered as before and done once.

    Every method raises ProviderRefused or ProviderUnavailable.
    """

    def authorize(self, key: str, token: str, money: Money, order: str) -> str:
        """Set the money aside and return the authorization's id."""

    def void(self, key: str) -> None:
        """Free what was authorized under ``key``; if nothing was yet, see to it that nothing ever will be."""

    def capture(self, key: str, authorized: str) -> str:
        """Move the money that was authorized under the key ``authorized`` and return the capture's id."""
