"""``kubectl saga start``."""

from __future__ import annotations

from http import HTTPStatus

import click
from saga_operator.domain.kinds import API_VERSION, SagaDefinition
from saga_operator.domain.model import DefinitionError, compile_definition

from kubectl_saga.completion import definition_names
from kubectl_saga.errors import CliError
from kubectl_saga.files import object_in
from kubectl_saga.kube.api import ApiError
from kubectl_saga.kube.sagas import Object
from kubectl_saga.output import clean, say
from kubectl_saga.reading import ENDED, phase_of, stall_of
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.stored import typed


@click.command("start")
@click.option("-f", "--file", "file", required=True, type=click.Path(allow_dash=True), help="Its input, JSON or YAML.")
@click.option("--definition", metavar="NAME", required=True, shell_complete=definition_names)
@click.option("--name", metavar="NAME", help="Makes it safe to run this twice. Default: the definition's, and letters.")
@click.option("--wait", is_flag=True, help="Until it ends; the exit status is 0 only if it succeeded.")
@connection_options
@pass_session
def command(session: Session, file: str, definition: str, name: str | None, *, wait: bool) -> None:
    """Start a saga."""
    given = object_in(file, "the saga's input")
    _check(session, definition, given)
    metadata = {"name": name} if name else {"generateName": f"{definition}-"}
    body = {
        "apiVersion": API_VERSION,
        "kind": "Saga",
        "metadata": metadata,
        "spec": {"definition": definition, "input": given},
    }
    created = session.sagas.start(body)
    saga = created if created is not None else _already(session, str(name), body["spec"])
    title = f"saga.skald.dev/{saga['metadata']['name']}"
    say(f"{title} {'started' if created is not None else 'was started before with the same input'}")
    if wait:
        _wait(session, str(saga["metadata"]["name"]))


def _check(session: Session, definition: str, given: Object) -> None:
    """A mistake said now is better than a saga that fails. Whoever may not read definitions learns it from the saga."""
    try:
        stored = session.sagas.definition(definition)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return
    try:
        compiled = compile_definition(typed(SagaDefinition, stored))
    except DefinitionError as error:
        raise CliError(f"the definition {definition} cannot run: {error}") from None
    problem = compiled.schema.problem(given) if compiled.schema is not None else None
    if problem is not None:
        raise CliError(f"the input does not fit the definition {definition}: {problem}")


def _already(session: Session, name: str, wanted: object) -> Object:
    found = session.sagas.saga(name)
    spec = found["spec"]
    if {"definition": spec["definition"], "input": spec.get("input", {})} != wanted:
        raise CliError(
            f"there is a saga {name} already, with another definition or input",
            f"Choose another name, or look at it with: {session.again(f'get {name}')}",
        )
    return found


def _wait(session: Session, name: str) -> None:
    told = None
    for kind, saga in session.sagas.follow(name):
        if kind == "DELETED":
            raise CliError(f"saga {name} was deleted before it ended")
        stall, phase = stall_of(saga), phase_of(saga)
        if phase in ENDED:
            _conclude(name, phase, saga)
            return
        if stall is not None and stall["reason"] != told:
            told = stall["reason"]
            click.echo(clean(f"stalled, {told}: {stall['message']}"), err=True)


def _conclude(name: str, phase: str, saga: Object) -> None:
    status = saga["status"]
    took = f" after {status['duration']}" if status.get("duration") else ""
    if phase == "Succeeded":
        say(f"saga.skald.dev/{name} Succeeded{took}")
        return
    failure = status.get("failure") or {}
    why = f" because of {failure['step']}: {failure['code']}" if failure else ""
    message = f": {failure['message']}" if failure.get("message") else ""
    raise CliError(clean(f"saga {name} is {phase}{took}{why}{message}"))
