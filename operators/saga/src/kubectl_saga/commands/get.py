"""``kubectl saga get``."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
from saga_operator.domain.kinds import Saga, SagaDefinition

from kubectl_saga.acting import what_to_type
from kubectl_saga.completion import saga_names
from kubectl_saga.kube.sagas import Object
from kubectl_saga.output import document, output_option, say
from kubectl_saga.overview import sagas_table
from kubectl_saga.portrait import portray
from kubectl_saga.reading import ENDED, phase_of
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
            say("\n".join([*lines, "", *_next(session, stored)]))


def _next(session: Session, saga: Object) -> Iterator[str]:
    name = saga["metadata"]["name"]
    following = [("How it came to this", f"timeline {name}")]
    if phase_of(saga) not in ENDED:
        following += [("What a cancel undoes", f"plan {name}"), *what_to_type(saga)]
    width = max(len(words) for words, _ in following)
    for words, command in following:
        yield f"{words + ':':<{width + 1}}  {session.again(command)}"
