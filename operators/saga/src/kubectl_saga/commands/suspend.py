"""``kubectl saga suspend``."""

from __future__ import annotations

import click
from saga_operator.domain.kinds import Saga

from kubectl_saga.completion import saga_names
from kubectl_saga.deciding import refuse_ended
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.several import each
from kubectl_saga.stored import typed


@click.command("suspend")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=saga_names)
@connection_options
@pass_session
def command(session: Session, names: tuple[str, ...]) -> None:
    """Hold sagas where they are: no further step and no compensation is begun.

    What was sent before may still be answered, and the deadline goes on. `kubectl saga resume` lets them go on.
    """
    each(names, lambda name: _suspend(session, name), "suspended")


def _suspend(session: Session, name: str) -> str:
    refuse_ended(typed(Saga, session.sagas.saga(name)))
    session.sagas.suspend(name, hold=True)
    return f"saga.skald.dev/{name} is held; let it go on with: {session.again(f'resume {name}')}"
