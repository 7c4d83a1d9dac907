"""Composition root of the role worker."""

from __future__ import annotations

from typing import Final

from skald.clients.http import HttpClient
from skald.clients.policy import Limits
from skald.mongo import connect
from skald.servicetokens import ServiceToken
from skald.worker import run_worker

from payments.commands import Commands, participant
from payments.provider import HttpProvider
from payments.settings import PaymentsWorker
from payments.store import Methods, Payments

__all__ = ["run"]

PROVIDER: Final = "test-provider"
"""The provider's name, in metrics and as the audience of the token that it is shown."""
LIMITS: Final = Limits(open_for=1.0)
"""One second, so that a saga's tries, which the operator spreads over some, do not all meet an open breaker."""


def run() -> None:
    """Answer sagas and publish what happened, until SIGTERM."""
    settings = PaymentsWorker.from_env()
    database = connect(settings)
    token = ServiceToken(settings.tokens_dir, PROVIDER)
    provider = HttpProvider(HttpClient(PROVIDER, settings.provider_url, token=token, limits=LIMITS))
    methods = Methods(database)
    commands = Commands(methods, provider)
    payments = Payments(database, commands.works)
    run_worker(
        settings,
        database,
        participant=participant(payments.repository, commands),
        outboxes=[payments.repository.outbox],
        prepare=[payments.ensure_indexes, methods.ensure_indexes],
    )
