"""Composition root of the role grpc."""

from __future__ import annotations

from typing import Final

from skald.grpcserver import serve_grpc
from skald.health import Readiness
from skald.mongo import connect, ping
from skald.servicetokens import CallerVerifier
from skald_contracts.catalog.v1.quotes_pb2_grpc import add_QuotesServicer_to_server

from catalog.quotes import QuotesServicer
from catalog.settings import CatalogGrpc
from catalog.store import Products

__all__ = ["CALLERS", "run"]

CALLERS: Final = ("orders",)
"""The services that may ask for quotes."""


def run() -> None:
    """Serve gRPC until SIGTERM."""
    settings = CatalogGrpc.from_env()
    database = connect(settings)
    quotes = QuotesServicer(Products(database))
    serve_grpc(
        settings,
        lambda server: add_QuotesServicer_to_server(quotes, server),
        callers=CallerVerifier(settings, audience="catalog"),
        allowed=CALLERS,
        readiness=Readiness(lambda: ping(database)),
    )
