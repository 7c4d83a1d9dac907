"""The provider's HTTP: each effect is a PUT under a key that the caller chose, so asking again changes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass

from apiflask import APIBlueprint
from pydantic import Field
from skald.app import deps
from skald.auth import called_by
from skald.money import LARGEST_AMOUNT
from skald.problems import Problem
from skald.schema import Body, Query, View

from test_provider.domain import Card, Entry, Request, State, card_of
from test_provider.store import Ledger

__all__ = ["Provider", "api"]

api = APIBlueprint("provider", __name__, url_prefix="/v1", tag="Provider")


@dataclass(frozen=True, slots=True)
class Provider:
    """What the handlers need."""

    ledger: Ledger
    slowness: float
    """Seconds that the slow card takes."""


class AuthorizationBody(Body):
    """What to set aside, on which card, for which order."""

    token: str = Field(min_length=1, max_length=64)
    amount: int = Field(ge=1, le=LARGEST_AMOUNT, description="Minor units.")
    currency: str = Field(pattern="^[A-Z]{3}$")
    order: str = Field(min_length=1, max_length=128)


class CaptureBody(Body):
    """Which authorization to capture: the key that it was made under."""

    authorization_key: str = Field(min_length=1, max_length=128)


class EntryView(View):
    """What stands under a key."""

    key: str
    state: State
    order: str | None
    amount: int | None
    currency: str | None
    attempts: int
    authorization: str | None
    capture: str | None


class LedgerQuery(Query):
    """Which currency to add up."""

    currency: str = Field("EUR", pattern="^[A-Z]{3}$")


class LedgerView(View):
    """Minor units. What was ever authorized is now captured, voided or still open."""

    currency: str
    authorized: int
    captured: int
    voided: int
    open: int


class EntriesQuery(Query):
    """Whose entries to show."""

    order: str = Field(min_length=1, max_length=128)


class Entries(View):
    """All entries of an order."""

    items: list[EntryView]


@api.put("/authorizations/<key>")
@called_by("payments")
@api.input(AuthorizationBody, arg_name="body")
@api.output(EntryView)
def authorize(key: str, body: AuthorizationBody) -> EntryView:
    """Set money aside."""
    provider = deps(Provider)
    request = Request(body.token, body.amount, body.currency, body.order)
    entry = provider.ledger.receive(key, request)
    if entry.request is not None and entry.request != request:
        raise Problem(422, "key-reused", "Key used before", f"The key {key} stands for another authorization.")
    if entry.state is State.RECEIVED:
        entry = _decide(provider, entry, request)
    match entry.state:
        case State.DECLINED:
            raise Problem(402, "card-declined", "Card declined", f"The card behind {body.token} was declined.")
        case State.VOIDED:
            raise Problem(409, "voided", "Authorization voided", f"The key {key} was voided and authorizes nothing.")
        case _:
            return _view(entry)


def _decide(provider: Provider, entry: Entry, request: Request) -> Entry:
    card = card_of(request.token) or Card(approves=False)
    if entry.attempts <= card.failures:
        raise Problem(503, "out-of-order", "Out of order", f"This card fails {card.failures} times; try again.")
    if card.slow:
        time.sleep(provider.slowness)
    return provider.ledger.settle(entry.key, approved=card.approves)


@api.put("/authorizations/<key>/void")
@called_by("payments")
@api.output(EntryView)
def void(key: str) -> EntryView:
    """Free what was set aside under the key; one that is not known yet will never authorize anything."""
    entry = deps(Provider).ledger.void(key)
    if entry.state is State.CAPTURED:
        raise Problem(409, "captured", "Captured already", f"What was authorized under {key} has been captured.")
    return _view(entry)


@api.put("/captures/<key>")
@called_by("payments")
@api.input(CaptureBody, arg_name="body")
@api.output(EntryView)
def capture(key: str, body: CaptureBody) -> EntryView:
    """Move the money that was set aside."""
    entry = deps(Provider).ledger.capture(key, body.authorization_key)
    if entry is None:
        detail = f"Nothing was authorized under {body.authorization_key}."
        raise Problem(404, "authorization-not-found", "Authorization not found", detail)
    if entry.capture_key != key:
        detail = (
            f"What was authorized under {entry.key} is {entry.state.lower()}, so it cannot be captured under {key}."
        )
        raise Problem(409, "not-capturable", "Not capturable", detail)
    return _view(entry)


@api.get("/ledger")
@called_by("payments")
@api.input(LedgerQuery, location="query", arg_name="query")
@api.output(LedgerView)
def show_ledger(query: LedgerQuery) -> LedgerView:
    """Add up all money that was ever set aside."""
    sums = deps(Provider).ledger.sums(query.currency)
    return LedgerView(
        currency=query.currency,
        authorized=sum(sums.values()),
        captured=sums.get(State.CAPTURED, 0),
        voided=sums.get(State.VOIDED, 0),
        open=sums.get(State.APPROVED, 0),
    )


@api.get("/entries")
@called_by("payments")
@api.input(EntriesQuery, location="query", arg_name="query")
@api.output(Entries)
def list_entries(query: EntriesQuery) -> Entries:
    """Show everything that was asked for an order."""
    return Entries(items=[_view(entry) for entry in deps(Provider).ledger.of_order(query.order)])


def _view(entry: Entry) -> EntryView:
    request = entry.request
    return EntryView(
        key=entry.key,
        state=entry.state,
        order=request.order if request else None,
        amount=request.amount if request else None,
        currency=request.currency if request else None,
        attempts=entry.attempts,
        authorization=entry.authorization,
        capture=entry.capture,
    )
