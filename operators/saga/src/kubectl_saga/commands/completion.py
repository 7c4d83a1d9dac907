"""``kubectl saga completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from kubectl_saga.main import saga


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
def command(shell: str) -> None:
    r"""Print the shell's completion script.

    It completes ``kubectl-saga``; load it with one of:

    \b
        source <(kubectl-saga completion bash)     in ~/.bashrc
        source <(kubectl-saga completion zsh)      in ~/.zshrc

    ``kubectl saga`` is completed by kubectl's own completion, which asks the program kubectl_complete-saga. It is
    installed beside this one.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(saga, {}, "kubectl-saga", "_KUBECTL_SAGA_COMPLETE").source())
