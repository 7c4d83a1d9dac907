"""``kubectl saga approve``."""

from __future__ import annotations

import click

from kubectl_saga.completion import saga_names, steps_to
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.verdict import decide, decision_options


@click.command("approve")
@click.argument("name", shell_complete=saga_names)
@click.argument("step", required=False, shell_complete=steps_to("Approve"))
@decision_options
@connection_options
@pass_session
def command(session: Session, name: str, step: str | None, reason: str, *, wait: bool) -> None:
    """Say yes to a step that waits for an approval.

    STEP may be left out when only one waits. The decision is made in your name, and is kept with its reason.
    """
    decide(session, "Approve", name, step, reason, wait=wait)
