"""Composition root of the role worker."""

from __future__ import annotations

from skald.mongo import connect
from skald.worker import run_worker

from shipping.commands import participant
from shipping.settings import ShippingWorker
from shipping.store import Shipments

__all__ = ["run"]


def run() -> None:
    """Answer sagas and publish what happened, until SIGTERM."""
    settings = ShippingWorker.from_env()
    database = connect(settings)
    shipments = Shipments(database)
    run_worker(
        settings,
        database,
        participant=participant(shipments.repository),
        outboxes=[shipments.repository.outbox],
        prepare=[shipments.ensure_indexes],
    )
