"""``kubectl saga get``."""

from __future__ import annotations

import time

import click
from saga_operator.domain.kinds import Saga, SagaDefinition

from kubectl_saga.completion import saga_names
from kubectl_saga.output import document, output_option, say
from kubectl_saga.overview import ENDED, sagas_table
from kubectl_saga.portrait import portray
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.stored import typed


@click.command("get")
@click.argument("name", shell_complete=saga_names)
@output_option("json", "yaml", "wide", "name")
@connection_options
@pass_session
def command(session: Session, name: str, output: str | None) -> None:
    """Show one saga: where it stands, and what each step answered."""
    stored = session.sagas.saga(name)
    match output:
        case "json" | "yaml":
            say(document(stored, output))
        case "wide":
            say(sagas_table([stored], wide=True))
        case "name":
            say(f"saga.skald.dev/{name}")
        case _:
            definition = session.sagas.definition_if_readable(stored["spec"]["definition"])
            saga = typed(Saga, stored)
            lines = portray(saga, typed(SagaDefinition, definition) if definition is not None else None, time.time())
            say("\n".join([*lines, "", *_next(session, saga)]))


def _next(session: Session, saga: Saga) -> list[str]:
    name = saga.metadata.name
    following = [f"How it came to this:   {session.again(f'timeline {name}')}"]
    if saga.status.phase not in ENDED:
        following.append(f"What a cancel undoes:  {session.again(f'plan {name}')}")
    return following
