"""A person's decision, from the command line to what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
from saga_operator.domain.kinds import Action, DecisionStatus, Saga, SagaDecision, SagaDefinition

from kubectl_saga.deciding import WANTED, refuse_ended, step_for
from kubectl_saga.errors import CliError
from kubectl_saga.kube.sagas import Object
from kubectl_saga.output import clean, say
from kubectl_saga.session import Session
from kubectl_saga.stored import typed

JSON = Any
_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATIENCE: Final = 60.0
"""Seconds to wait for the operator, which for a Skip or Complete may first have to wait for the participant."""
_PAUSE: Final = 0.1


def decision_options(command: _Command) -> _Command:
    """Take --reason and --no-wait."""
    reason = click.option("--reason", required=True, metavar="TEXT", help="For whoever asks later, such as a ticket.")
    no_wait = click.option("--no-wait", "wait", flag_value=False, default=True, help="Do not wait for the operator.")
    return reason(no_wait(command))


def decide(
    session: Session, action: Action, name: str, step: str | None, reason: str, *, wait: bool, **more: JSON
) -> None:
    """Make the decision and say what became of it. Raises CliError when it makes no sense, or when it is refused."""
    stored = session.sagas.saga(name)
    saga = typed(Saga, stored)
    refuse_ended(saga)
    if action in WANTED:
        definition = session.sagas.definition_if_readable(saga.spec.definition)
        step = step_for(action, step, saga, typed(SagaDefinition, definition) if definition else None, session.again)
    about = {"step": step} if step is not None else {}
    created = session.sagas.decide(stored, {"action": action, "reason": reason, **about, **more})
    what = f"{action} {step}" if step else action
    if wait:
        after = "watch" if action in WANTED else "get"
        _conclude(f"saga.skald.dev/{name}: {what}", _settled(session, name, created), session.again(f"{after} {name}"))
    else:
        title = f"sagadecision.skald.dev/{created['metadata']['name']}"
        say(f"{title} created: {what}; what becomes of it: {session.again(f'timeline {name}')}")


def _settled(session: Session, saga: str, created: Object) -> DecisionStatus:
    name = str(created["metadata"]["name"])
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        status = typed(SagaDecision, session.sagas.decision(name)).status
        if status.state is not None:
            return status
        time.sleep(_PAUSE)
    raise CliError(
        f"decision {name} was made, and the operator has not answered it within {_PATIENCE:.0f} seconds",
        f"It stands, and is not made twice by waiting: look with {session.again(f'timeline {saga}')}. "
        "If nothing comes, see whether the operator runs.",
    )


def _conclude(what: str, status: DecisionStatus, look: str) -> None:
    if status.state == "Refused":
        raise CliError(clean(f"{what} was refused: {status.message or 'no reason is given'}"))
    say(f"{what} was applied; look at it with: {look}")
