"""``kubectl saga resume``."""

from __future__ import annotations

import click
from saga_operator.domain.kinds import Saga

from kubectl_saga.completion import saga_names
from kubectl_saga.deciding import refuse_ended
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.several import each
from kubectl_saga.stored import typed


@click.command("resume")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=saga_names)
@connection_options
@pass_session
def command(session: Session, names: tuple[str, ...]) -> None:
    """Let suspended sagas go on."""
    each(names, lambda name: _resume(session, name), "resumed")


def _resume(session: Session, name: str) -> str:
    saga = typed(Saga, session.sagas.saga(name))
    refuse_ended(saga)
    if not saga.spec.suspend:
        return f"saga.skald.dev/{name} was not suspended"
    session.sagas.suspend(name, hold=False)
    return f"saga.skald.dev/{name} goes on; follow it with: {session.again(f'watch {name}')}"
