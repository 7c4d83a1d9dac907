"""``kubectl saga timeline``."""

from __future__ import annotations

import time
from typing import Any

import click
from saga_operator.domain import moments
from saga_operator.domain.kinds import Saga, SagaDecision, SagaDefinition

from kubectl_saga.completion import saga_names
from kubectl_saga.drawing import draw
from kubectl_saga.happenings import Happening
from kubectl_saga.output import document, output_option, say
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.stored import typed
from kubectl_saga.story import Span, Story, Stretch, tell
from kubectl_saga.terminal import rendered

JSON = Any


@click.command("timeline")
@click.argument("name", shell_complete=saga_names)
@output_option("json", "yaml")
@connection_options
@pass_session
def command(session: Session, name: str, output: str | None) -> None:
    """Tell who did what when, with attempts and gaps.

    Times of the attempts between a step's first one and its last answer are not kept; their number is.
    """
    story = _story(session, name)
    if output is not None:
        say(document(_as_document(story), output))
    else:
        say(rendered(lambda width: draw(story, width)))


def _story(session: Session, name: str) -> Story:
    sagas = session.sagas
    stored = sagas.saga(name)
    definition = sagas.definition_if_readable(stored["spec"]["definition"])
    return tell(
        typed(Saga, stored),
        typed(SagaDefinition, definition) if definition is not None else None,
        time.time(),
        events=sagas.events(stored),
        decisions=[typed(SagaDecision, each) for each in sagas.decisions(stored)],
        fields=stored["metadata"].get("managedFields", ()),
    )


def _as_document(story: Story) -> dict[str, JSON]:
    return {
        "saga": story.saga.metadata.name,
        "namespace": story.saga.metadata.namespace,
        "phase": str(story.saga.status.phase),
        "begin": moments.show(story.begin),
        "end": moments.show(story.end),
        "steps": [_span(span) for span in story.spans],
        "happenings": [_happening(each) for each in story.happenings],
    }


def _happening(happening: Happening) -> dict[str, JSON]:
    told = {"at": moments.show(happening.at), "who": happening.who, "what": happening.what}
    return told if happening.exact else {**told, "exact": False}


def _span(span: Span) -> dict[str, JSON]:
    undo = {"compensation": _stretch(span.undo)} if span.undo is not None else {}
    return {"step": span.step, "command": span.command, "state": str(span.state), **_stretch(span.action), **undo}


def _stretch(stretch: Stretch) -> dict[str, JSON]:
    times = {"start": stretch.start, "end": stretch.end}
    return {
        "attempts": stretch.attempts,
        "failures": stretch.failures,
        **{name: moments.show(moment) for name, moment in times.items() if moment is not None},
    }
