"""What the shell is offered after a TAB. Nothing here may fail aloud: a person is in the middle of typing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem, ShellComplete

from kubectl_saga.session import Session

if TYPE_CHECKING:
    from saga_operator.domain.kinds import Action

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]
_NO_FILES: Final = 4
"""cobra's ShellCompDirectiveNoFileComp: kubectl shall not offer file names."""
_FILES: Final = 0


def _names_of(plural: str) -> Completer:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:  # noqa: ARG001
        try:
            names = ctx.ensure_object(Session).sagas.names(plural, incomplete)
        except click.ClickException:
            return []
        given = ctx.params.get("names") or ()
        return [CompletionItem(name) for name in names if name not in given]

    return complete


def steps_to(action: Action) -> Completer:
    """The steps of the saga named before that such a decision can be about."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:  # noqa: ARG001
        from saga_operator.domain.kinds import Saga, SagaDefinition  # noqa: PLC0415 - as all of a command, when needed

        from kubectl_saga.deciding import steps_for  # noqa: PLC0415
        from kubectl_saga.stored import typed  # noqa: PLC0415

        try:
            sagas = ctx.ensure_object(Session).sagas
            saga = typed(Saga, sagas.saga(str(ctx.params.get("name") or "")))
            definition = sagas.definition_if_readable(saga.spec.definition)
            steps = steps_for(action, saga, typed(SagaDefinition, definition) if definition is not None else None)
        except click.ClickException:
            return []
        return [CompletionItem(step) for step in steps if step.startswith(incomplete)]

    return complete


saga_names: Final = _names_of("sagas")
definition_names: Final = _names_of("sagadefinitions")


class _ForKubectl(ShellComplete):
    """kubectl hands ``kubectl saga ...`` over to a program named kubectl_complete-saga, and reads what cobra prints."""

    name = "kubectl"
    source_template = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        return sys.argv[1:-1], sys.argv[-1] if len(sys.argv) > 1 else ""

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.value}\t{item.help}" if item.help else item.value

    def complete(self) -> str:
        items = self.get_completions(*self.get_completion_args())
        named = [self.format_completion(item) for item in items if item.type == "plain"]
        wants_files = any(item.type != "plain" for item in items)
        return "\n".join([*named, f":{_FILES if wants_files else _NO_FILES}"])


def main() -> None:
    """The console script ``kubectl_complete-saga``."""
    from kubectl_saga.main import saga  # noqa: PLC0415 - main imports the commands, and they this module

    os.environ["_KUBECTL_SAGA_COMPLETE"] = ""
    click.echo(_ForKubectl(saga, {}, "kubectl saga", "_KUBECTL_SAGA_COMPLETE").complete())
