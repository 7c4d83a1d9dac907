"""``kubectl saga abort``."""

from __future__ import annotations

import click

from kubectl_saga.completion import saga_names
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.verdict import decide, decision_options


@click.command("abort")
@click.argument("name", shell_complete=saga_names)
@decision_options
@connection_options
@pass_session
def command(session: Session, name: str, reason: str, *, wait: bool) -> None:
    """Give a saga up: nothing more is done, and nothing is undone.

    What its steps did stays as it is, for you to put in order. The way back is `kubectl saga cancel`; what that would
    undo shows `kubectl saga plan`.
    """
    decide(session, "Abort", name, None, reason, wait=wait)
