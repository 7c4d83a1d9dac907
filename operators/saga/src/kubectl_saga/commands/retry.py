"""``kubectl saga retry``."""

from __future__ import annotations

import click

from kubectl_saga.completion import saga_names, steps_to
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.verdict import decide, decision_options


@click.command("retry")
@click.argument("name", shell_complete=saga_names)
@click.argument("step", required=False, shell_complete=steps_to("Retry"))
@decision_options
@connection_options
@pass_session
def command(session: Session, name: str, step: str | None, reason: str, *, wait: bool) -> None:
    """Send the command of a stalled step again, now.

    It keeps its id, so it takes effect once at most. STEP may be left out when only one is stalled.
    """
    decide(session, "Retry", name, step, reason, wait=wait)
