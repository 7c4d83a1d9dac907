"""``kubectl saga list``."""

from __future__ import annotations

import click

from kubectl_saga.completion import definition_names
from kubectl_saga.output import document, list_of, output_option, say
from kubectl_saga.overview import sagas_table, stuck_first
from kubectl_saga.reading import phase_of, stall_of
from kubectl_saga.session import Session, connection_options, pass_session

PHASES = ("Pending", "Running", "Waiting", "Suspended", "Compensating", "Succeeded", "Compensated", "Aborted")


@click.command("list")
@click.option("--phase", type=click.Choice(PHASES, case_sensitive=False), multiple=True, help="May be repeated.")
@click.option("--definition", metavar="NAME", shell_complete=definition_names, help="Only sagas of this definition.")
@click.option("--stalled", is_flag=True, help="Only sagas that wait for something they cannot bring about.")
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Of every namespace.")
@output_option("json", "yaml", "wide", "name")
@connection_options
@pass_session
def command(
    session: Session, phase: tuple[str, ...], definition: str, output: str, *, stalled: bool, everywhere: bool
) -> None:
    """List sagas, those that are stuck first.

    Stalled sagas come first, then those that wait for a person, then those that run, each the oldest first; then those
    that ended, the newest first. WHO MUST ACT is there if somebody must.
    """
    selector = {"definition": definition or "", "phase": phase[0] if len(phase) == 1 else ""}
    found = session.sagas.all(everywhere=everywhere, **selector)
    sagas = [
        saga
        for saga in stuck_first(found)
        if (not phase or phase_of(saga) in phase) and (not stalled or stall_of(saga))
    ]
    if output in ("json", "yaml"):
        say(document(list_of(sagas), output))
    elif output == "name":
        for saga in sagas:
            say(f"saga.skald.dev/{saga['metadata']['name']}")
    elif sagas:
        say(sagas_table(sagas, wide=output == "wide", everywhere=everywhere))
    else:
        _say_none(session, everywhere=everywhere, filtered=bool(phase or definition or stalled))


def _say_none(session: Session, *, everywhere: bool, filtered: bool) -> None:
    where = "in any namespace" if everywhere else f"in namespace {session.sagas.namespace}"
    click.echo(f"No such sagas {where}." if filtered else f"No sagas {where}.", err=True)
    if not everywhere and not filtered:
        click.echo("Another namespace is chosen with -n NAME, and all of them with -A.", err=True)
