"""``catalog.v1.Quotes``: what other services ask over gRPC."""

from __future__ import annotations

import grpc
from skald.money import Money
from skald.problems import Problem
from skald_contracts.catalog.v1 import quotes_pb2, quotes_pb2_grpc

from catalog.domain import BasketError, Line, PricedLine, check_basket, quote
from catalog.store import Products

__all__ = ["QuotesServicer"]


class QuotesServicer(quotes_pb2_grpc.QuotesServicer):
    """Reads the lines, asks the domain, shapes the answer."""

    def __init__(self, products: Products) -> None:
        self._products = products

    def GetQuote(  # noqa: N802 - the name in the .proto file
        self,
        request: quotes_pb2.GetQuoteRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the stub's signature
    ) -> quotes_pb2.GetQuoteResponse:
        """Price the lines, or list the SKUs that are unknown. Raises Problem (422) for a basket that has no price."""
        lines = [Line(line.sku, line.quantity) for line in request.lines]
        try:
            check_basket(lines)
            priced = quote(lines, self._products.by_sku([line.sku for line in lines]))
        except BasketError as error:
            raise Problem(422, "not-priced", "Basket not priced", f"{error}.") from None
        return quotes_pb2.GetQuoteResponse(
            lines=[_line(line) for line in priced.lines],
            total=None if priced.total is None else _money(priced.total),
            unknown_skus=priced.unknown_skus,
        )


def _line(priced: PricedLine) -> quotes_pb2.PricedLine:
    return quotes_pb2.PricedLine(
        sku=priced.line.sku,
        quantity=priced.line.quantity,
        unit_price=_money(priced.unit_price),
        total=_money(priced.total),
    )


def _money(money: Money) -> quotes_pb2.Money:
    return quotes_pb2.Money(amount=money.amount, currency=money.currency)
