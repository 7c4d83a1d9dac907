"""``kubectl saga plan``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import groupby

import click
import msgspec
from saga_operator.domain.kinds import Saga, SagaDefinition

from kubectl_saga.completion import saga_names
from kubectl_saga.forecast import Asked, Forecast, Outcome, Undone, forecast
from kubectl_saga.output import Cell, clean, compact, document, output_option, say, table
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.stored import typed


@click.command("plan")
@click.argument("name", shell_complete=saga_names)
@output_option("json", "yaml")
@connection_options
@pass_session
def command(session: Session, name: str, output: str | None) -> None:
    """Show what a cancel would undo now, in which order and with which inputs.

    Nothing is changed and nothing is sent: the operator's own code goes through it with what the saga holds now.
    """
    saga = session.sagas.saga(name)
    stored = session.sagas.find_definition(saga["spec"]["definition"])
    definition = typed(SagaDefinition, stored) if stored is not None else None
    plan = forecast(definition, typed(Saga, saga), time.time())
    if output is not None:
        say(document(msgspec.to_builtins(plan), output))
    else:
        say("\n".join(_lines(plan, session.again(f"cancel {name}"))))


def _lines(plan: Forecast, cancel: str) -> Iterator[str]:
    yield f"If saga {plan.saga} were cancelled now: {click.style(clean(plan.message), bold=True)}"
    match plan.outcome:
        case Outcome.TOO_LATE:
            yield from _onward(plan)
        case Outcome.STUCK:
            yield f"\nNothing was changed. To have it turn back as soon as it can: {cancel}"
        case Outcome.TURNS_BACK:
            yield from _way_back(plan)
            yield f"\nNothing was changed. To do it: {cancel}"
        case Outcome.GOES_BACK_ALREADY:
            yield from _way_back(plan)
        case Outcome.ENDED | Outcome.CANNOT_RUN:
            pass


def _onward(plan: Forecast) -> Iterator[str]:
    if plan.onward:
        yield f"Still to come: {', '.join(plan.onward)}"
    if plan.stall is not None:
        yield click.style(f"It is stuck: {clean(plan.stall)}", fg="red")


def _way_back(plan: Forecast) -> Iterator[str]:
    yield from _asked(plan)
    yield from _undone(plan.undone, plan.asked)
    if plan.kept:
        yield "\nThese steps ran and stay as they are:"
        yield table(("STEP", "WHY"), [(each.step, each.why) for each in plan.kept], indent="  ")
    if plan.stall is not None:
        yield click.style(f"\nThere it would get stuck: {clean(plan.stall)}", fg="red")


def _asked(plan: Forecast) -> Iterator[str]:
    if not plan.asked:
        return
    yield "\nFirst, participants are asked to cancel what is under way, or to say that it ran:"
    rows = [(each.step, f"{each.participant}.{each.command}", _if_it_ran(each, plan)) for each in plan.asked]
    yield table(("STEP", "COMMAND", "IF IT RAN"), rows, indent="  ")
    if plan.all_ran_is_too_late and len(plan.asked) > 1:
        yield click.style(
            "  If all of them ran, it is too late: nothing is undone, and the saga succeeds.", fg="yellow"
        )
    elif plan.all_ran_is_too_late is None:
        yield click.style(
            "  If all of them ran, their answers decide: with nothing left to cancel the saga succeeds.", fg="yellow"
        )


def _if_it_ran(asked: Asked, plan: Forecast) -> Cell | str:
    if asked.pivot:
        return Cell("it is the pivot: too late, nothing is undone, the saga goes on", "yellow")
    if plan.all_ran_is_too_late and len(plan.asked) == 1:
        return Cell("it was the last one: too late, nothing is undone, the saga succeeds", "yellow")
    return "it is undone" if asked.undoable else "it stays: there is nothing to undo"


def _undone(undone: list[Undone], asked: list[Asked]) -> Iterator[str]:
    if not undone:
        yield "\nNothing else has run, so nothing is undone." if asked else "\nNothing has run, so nothing is undone."
        return
    yield "\nThen these compensations are sent; each number waits for the one before:"
    for order, together in groupby(undone, key=lambda each: each.order):
        for each in together:
            condition = "" if each.certain else click.style("   only if it ran", fg="yellow")
            command = click.style(f"{each.participant}.{each.command}", bold=True)
            yield f"  {order:>2}. {command} undoes {each.step}{condition}"
            yield f"      {compact(each.input)}"
