"""Asks catalog what an order costs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import grpc
from skald.clients.grpc import GrpcClient, Refused
from skald.clients.policy import Unavailable
from skald.money import Money
from skald_contracts.catalog.v1 import quotes_pb2, quotes_pb2_grpc

from orders.domain import Line, NotPriced, PricedLine, Quote, UnknownProducts

__all__ = ["CatalogPricing"]

_TIMEOUT: Final = 6.0
"""Seconds for all attempts together. A quote takes some milliseconds, but who asks a replica that is gone waits."""

logger = logging.getLogger(__name__)


class CatalogPricing:
    """Quotes from catalog's gRPC. Besides what ``Pricing`` says it raises the client's Unavailable (503)."""

    def __init__(self, client: GrpcClient) -> None:
        self._client = client
        self._stub = quotes_pb2_grpc.QuotesStub(client.channel)

    def quote(self, lines: Sequence[Line]) -> Quote:
        """What the lines cost now. Raises UnknownProducts or NotPriced."""
        request = quotes_pb2.GetQuoteRequest(
            lines=[quotes_pb2.Line(sku=line.sku, quantity=line.quantity) for line in lines]
        )
        try:
            answer = self._client.call(self._stub.GetQuote, request, timeout=_TIMEOUT, idempotent=True)
        except Refused as error:
            if error.code is grpc.StatusCode.INVALID_ARGUMENT:
                raise NotPriced(error.detail) from None
            raise _unavailable("it refuses to be asked", error) from error
        except OSError as error:
            raise _unavailable("the token for it cannot be read", error) from error
        if answer.unknown_skus:
            raise UnknownProducts(list(answer.unknown_skus))
        return Quote(tuple(_line(line) for line in answer.lines), _money(answer.total))


def _unavailable(reason: str, error: Exception) -> Unavailable:
    """What only an operator can mend is to the customer as if catalog were away; the log has the cause."""
    logger.error("catalog cannot be asked, %s: %s", reason, error)
    return Unavailable("catalog", reason)


def _line(line: quotes_pb2.PricedLine) -> PricedLine:
    return PricedLine(line.sku, line.quantity, _money(line.unit_price), _money(line.total))


def _money(money: quotes_pb2.Money) -> Money:
    return Money(money.amount, money.currency)
