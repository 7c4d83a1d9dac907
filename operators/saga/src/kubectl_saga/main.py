"""The command line: which commands there are. Each is one file in ``commands``, loaded when it is called."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Final

import click
from click.shell_completion import CompletionItem

from kubectl_saga.session import connection_options

SECTIONS: Final = {
    "Look": {
        "list": "List sagas, those that are stuck first.",
        "get": "Show one saga: where it stands, and what each step answered.",
        "timeline": "Tell who did what when, with attempts and gaps.",
        "logs": "Show what operator and services wrote about a saga, in the order in which it was written.",
        "plan": "Show what a cancel would undo now, in which order and with which inputs.",
        "watch": "Follow one saga, or all of a namespace, live.",
    },
    "Steer": {
        "start": "Start a saga.",
        "cancel": "Ask sagas to go back, unless their pivot has run.",
        "suspend": "Hold sagas where they are: no further step and no compensation is begun.",
        "resume": "Let suspended sagas go on.",
    },
    "Decide": {
        "approve": "Say yes to a step that waits for an approval.",
        "reject": "Say no to a step that waits for an approval; the saga goes back.",
        "retry": "Send the command of a stalled step again, now.",
        "skip": "Go on without a stalled step, or without undoing it.",
        "complete": "Take a stalled step for done, because somebody did it by hand.",
        "abort": "Give a saga up: nothing more is done, and nothing is undone.",
    },
    "Definitions": {
        "graph": "Draw a definition's steps and what they wait for.",
        "lint": "Check definitions in files by every rule, without a cluster.",
        "simulate": "Run definitions through everything that can go wrong, without a cluster.",
    },
    "Shell": {
        "completion": "Print the shell's completion script.",
    },
}
"""Commands by what they are for, with the first sentence of each one's help, so that a listing loads none of them."""
COMMANDS: Final = {name: summary for section in SECTIONS.values() for name, summary in section.items()}


class _Commands(click.Group):
    """Commands that are loaded only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"kubectl_saga.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        longest = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{longest}}", summary) for name, summary in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        named = [CompletionItem(name, help=text) for name, text in _beginning_with(incomplete)]
        return named if named or not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)


def _beginning_with(text: str) -> Iterable[tuple[str, str]]:
    return [(name, summary) for name, summary in COMMANDS.items() if name.startswith(text)]


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="saga-operator", prog_name="kubectl-saga")
@connection_options
def saga() -> None:
    """Sagas for people: look at them, see what a cancel would do, and decide what they cannot decide themselves."""


def main() -> None:
    """The console script ``kubectl-saga``; kubectl runs it as ``kubectl saga``."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that cannot draw gets question marks
    saga(prog_name="kubectl saga", complete_var="_KUBECTL_SAGA_COMPLETE")
