"""``kubectl saga skip``."""

from __future__ import annotations

import click

from kubectl_saga.completion import saga_names, steps_to
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.verdict import decide, decision_options


@click.command("skip")
@click.argument("name", shell_complete=saga_names)
@click.argument("step", required=False, shell_complete=steps_to("Skip"))
@decision_options
@connection_options
@pass_session
def command(session: Session, name: str, step: str | None, reason: str, *, wait: bool) -> None:
    """Go on without a stalled step, or without undoing it.

    First the participant is asked to cancel its command: if that ran, skipping is refused. STEP may be left out when
    only one is stalled.
    """
    decide(session, "Skip", name, step, reason, wait=wait)
