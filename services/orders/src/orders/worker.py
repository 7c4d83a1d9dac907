"""Composition root of the role worker: starts sagas, follows them to their verdict, relays events."""

from __future__ import annotations

from typing import Final

from skald.messaging.events import Subscription
from skald.mongo import connect
from skald.sagaapi import SagaApi
from skald.starter import Starter
from skald.worker import run_worker
from skald_wire.names import SAGA_FINISHED

from orders.saga import conclude
from orders.settings import OrdersWorker
from orders.store import Orders

__all__ = ["QUEUE", "run"]

QUEUE: Final = "events.orders"


def run() -> None:
    """Work until SIGTERM."""
    settings = OrdersWorker.from_env()
    database = connect(settings)
    orders = Orders(database)
    starter = Starter(orders.repository, SagaApi(settings), conclude)
    run_worker(
        settings,
        database,
        outboxes=[orders.repository.outbox],
        subscriptions=[Subscription(QUEUE, {SAGA_FINISHED: starter.hasten})],
        loops=[starter],
        prepare=[orders.ensure_indexes, starter.ensure_index],
    )
