"""``kubectl saga reject``."""

from __future__ import annotations

import click

from kubectl_saga.completion import saga_names, steps_to
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.verdict import decide, decision_options


@click.command("reject")
@click.argument("name", shell_complete=saga_names)
@click.argument("step", required=False, shell_complete=steps_to("Reject"))
@decision_options
@connection_options
@pass_session
def command(session: Session, name: str, step: str | None, reason: str, *, wait: bool) -> None:
    """Say no to a step that waits for an approval; the saga goes back.

    STEP may be left out when only one waits. `kubectl saga plan` shows before what will be undone.
    """
    decide(session, "Reject", name, step, reason, wait=wait)
