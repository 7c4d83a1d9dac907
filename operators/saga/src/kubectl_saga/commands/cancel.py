"""``kubectl saga cancel``."""

from __future__ import annotations

import time

import click
from saga_operator.domain.kinds import Saga, SagaDefinition

from kubectl_saga.completion import saga_names
from kubectl_saga.errors import CliError
from kubectl_saga.forecast import Outcome, forecast
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.several import each
from kubectl_saga.stored import typed


@click.command("cancel")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=saga_names)
@connection_options
@pass_session
def command(session: Session, names: tuple[str, ...]) -> None:
    """Ask sagas to go back, unless their pivot has run.

    It cannot be taken back. `kubectl saga plan` shows before what it will undo, and `kubectl saga watch` how it goes.
    """
    each(names, lambda name: _cancel(session, name), "cancelled")


def _cancel(session: Session, name: str) -> str:
    stored = session.sagas.saga(name)
    definition = session.sagas.definition_if_readable(stored["spec"]["definition"])
    if definition is not None:
        _refuse_what_changes_nothing(typed(SagaDefinition, definition), typed(Saga, stored))
    session.sagas.cancel(name)
    return f"saga.skald.dev/{name} was asked to go back; follow it with: {session.again(f'watch {name}')}"


def _refuse_what_changes_nothing(definition: SagaDefinition, saga: Saga) -> None:
    """What is stored may be older than what the operator knows, but an end or a pivot that has run stays."""
    plan = forecast(definition, saga, time.time())
    if plan.outcome in (Outcome.ENDED, Outcome.TOO_LATE):
        raise CliError(f"saga {saga.metadata.name} cannot be cancelled: {plan.message}")
