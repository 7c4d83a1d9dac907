"""``kubectl saga logs``."""

from __future__ import annotations

from contextlib import closing
from math import inf
from typing import Any, Final

import click
from saga_operator.domain import moments

from kubectl_saga.completion import saga_names
from kubectl_saga.errors import CliError
from kubectl_saga.kube.pods import Pods
from kubectl_saga.loglines import LogLine, about, as_document, lines_table
from kubectl_saga.output import document, output_option, say
from kubectl_saga.session import Session, connection_options, pass_session

MARGIN: Final = 60.0
"""Seconds before a saga was created and after it ended: nodes' clocks differ, and some things are said afterwards."""


@click.command("logs")
@click.argument("name", shell_complete=saga_names)
@output_option("json", "yaml", "wide")
@connection_options
@pass_session
def command(session: Session, name: str, output: str | None) -> None:
    """Show what operator and services wrote about a saga, in the order in which it was written.

    Every pod of the namespace is asked for the lines that name the saga: JSON objects whose field ``saga`` is
    NAMESPACE/NAME. What pods that are gone have written is gone too.
    """
    saga = session.sagas.saga(name)
    lines = _collect(session.pods, saga)
    if output in ("json", "yaml"):
        say(document(as_document(lines), output))
    elif lines:
        say(lines_table(lines, _begin(saga), wide=output == "wide"))
    else:
        click.echo(f"No pod in namespace {session.pods.namespace} has a line about {name}.", err=True)


def _collect(pods: Pods, saga: dict[str, Any]) -> list[LogLine]:
    metadata = saga["metadata"]
    created = moments.parse(metadata["creationTimestamp"])
    ended = moments.recall(saga.get("status", {}).get("completionTime"))
    until = inf if ended is None else ended + MARGIN
    found: list[LogLine] = []
    for log in pods.logs():
        try:
            with closing(pods.lines(log, since=moments.show(created - MARGIN))) as written:
                found += about(f"{metadata['namespace']}/{metadata['name']}", log, written, until)
        except CliError as error:
            if error.advice is not None:
                raise
            click.echo(f"not read: {log.container} of {log.pod}: {error.message}", err=True)
    return sorted(found, key=lambda line: line.at)


def _begin(saga: dict[str, Any]) -> float:
    """As ``timeline`` counts: from the first command, before which nothing is known to the millisecond."""
    started = moments.recall(saga.get("status", {}).get("startTime"))
    return started if started is not None else moments.parse(saga["metadata"]["creationTimestamp"])
