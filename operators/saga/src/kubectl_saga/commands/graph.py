"""``kubectl saga graph``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from saga_operator.domain.kinds import SagaDefinition

from kubectl_saga.completion import definition_names
from kubectl_saga.drafting import Draft
from kubectl_saga.errors import CliError
from kubectl_saga.files import STDIN
from kubectl_saga.linting import definitions_in, load
from kubectl_saga.output import say
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.stored import typed


@click.command("graph")
@click.argument("definition", metavar="DEFINITION|FILE", shell_complete=definition_names)
@click.option("--mermaid", is_flag=True, help="As a flowchart that GitHub and others draw.")
@connection_options
@pass_session
def command(session: Session, definition: str, *, mermaid: bool) -> None:
    """Draw a definition's steps and what they wait for.

    The definition is one of the cluster's, or, without a cluster, each one in a file.
    """
    drafts = [Draft(each) for each in _definitions(session, definition)]
    say("\n\n".join("\n".join(draft.mermaid() if mermaid else draft.text()) for draft in drafts))


def _definitions(session: Session, source: str) -> Iterator[SagaDefinition]:
    if source != STDIN and not Path(source).is_file() and not source.endswith((".yaml", ".yml", ".json")):
        yield typed(SagaDefinition, session.sagas.definition(source))
        return
    none = True
    for document in definitions_in(source):
        none = False
        yield load(document)
    if none:
        raise CliError(f"there is no SagaDefinition in {source}")
