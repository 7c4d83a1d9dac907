"""``kubectl saga watch``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text
from saga_operator.domain.kinds import Saga, SagaDefinition

from kubectl_saga.completion import saga_names
from kubectl_saga.drawing import draw
from kubectl_saga.errors import CliError
from kubectl_saga.kube.sagas import Object, Sagas
from kubectl_saga.output import say
from kubectl_saga.overview import counts, sagas_table, stuck_first
from kubectl_saga.reading import ENDED, phase_of
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.stored import typed
from kubectl_saga.story import tell
from kubectl_saga.terminal import console

_FRAME: Final = 1.0
"""Seconds between two looks at the clock, while nothing changes."""
Change = tuple[str, Object]


@click.command("watch")
@click.argument("name", required=False, shell_complete=saga_names)
@connection_options
@pass_session
def command(session: Session, name: str | None) -> None:
    """Follow one saga, or all of a namespace, live.

    One saga is followed to its end, all of them until you press Ctrl-C. Without a terminal, or on a dumb one, a line is
    printed for every change.
    """
    sagas = session.sagas
    latest = sagas.saga(name) if name is not None else None
    screen = console()
    with suppress(KeyboardInterrupt):  # how watching ends
        if not screen.is_terminal or screen.is_dumb_terminal:
            _print_changes(sagas, name)
        elif latest is None:
            _show_all(sagas)
        else:
            _show_one(sagas, latest)


def _print_changes(sagas: Sagas, name: str | None) -> None:
    for kind, saga in sagas.follow(name):
        status = saga.get("status") or {}
        words = "deleted" if kind == "DELETED" else phase_of(saga)
        details = [status.get("progress"), status.get("currentSteps"), status.get("reason")]
        say("  ".join([saga["metadata"]["name"], words, *(str(each) for each in details if each)]))
        sys.stdout.flush()
        if name is not None and (kind == "DELETED" or phase_of(saga) in ENDED):
            return


def _show_all(sagas: Sagas) -> None:
    known: dict[str, Object] = {}
    listener = _Listener(sagas, None)
    with Live(console=console(), auto_refresh=False, screen=True) as screen:
        for changes in listener.frames():
            for kind, saga in changes:
                key = str(saga["metadata"]["name"])
                if kind == "DELETED":
                    known.pop(key, None)
                else:
                    known[key] = saga
            page = _page(sagas, list(known.values()), listener.trouble, screen.console.height)
            screen.update(page, refresh=True)


def _page(sagas: Sagas, known: list[Object], trouble: str, height: int) -> RenderableType:
    """As many as fit; the stuck ones are above."""
    shown = stuck_first(known)[: max(1, height - 3)]
    title = f"sagas in {sagas.namespace}: {counts(known) or 'none'}"
    return Group(Text(title, "bold"), _line(trouble), Text.from_ansi(sagas_table(shown), no_wrap=True, overflow="crop"))


def _show_one(sagas: Sagas, latest: Object) -> None:
    name = str(latest["metadata"]["name"])
    stored = sagas.definition_if_readable(latest["spec"]["definition"])
    definition = typed(SagaDefinition, stored) if stored is not None else None
    listener = _Listener(sagas, name)
    with Live(console=console(), auto_refresh=False, vertical_overflow="crop") as screen:
        for changes in listener.frames():
            for kind, saga in changes:
                if kind == "DELETED":
                    raise CliError(f"saga {name} was deleted")
                latest = saga
            story = tell(
                typed(Saga, latest), definition, time.time(), fields=latest["metadata"].get("managedFields", ())
            )
            above = [_line(listener.trouble)] if listener.trouble else []
            screen.update(Group(*above, draw(story, screen.console.width)), refresh=True)
            if phase_of(latest) in ENDED:
                return


def _line(trouble: str) -> Text:
    return Text(trouble, "yellow", no_wrap=True, overflow="ellipsis")


class _Listener:
    """Follows sagas in a thread of its own, so that the picture moves while nothing is heard."""

    def __init__(self, sagas: Sagas, name: str | None) -> None:
        self.trouble = ""
        """Why nothing is heard at present."""
        self._heard: SimpleQueue[Change | CliError] = SimpleQueue()
        Thread(target=self._listen, args=(sagas, name), daemon=True).start()

    def frames(self) -> Iterator[list[Change]]:
        """What changed since the last frame; a frame comes at least once a second, so that ages move."""
        changes: list[Change] = []
        while True:
            while not self._heard.empty():
                changes.append(_taken(self._heard.get()))
            yield changes
            try:
                changes = [_taken(self._heard.get(timeout=_FRAME))]
            except Empty:
                changes = []

    def _listen(self, sagas: Sagas, name: str | None) -> None:
        try:
            for change in sagas.follow(name, self._note):
                self._heard.put(change)
        except CliError as error:
            self._heard.put(error)

    def _note(self, trouble: str) -> None:
        self.trouble = trouble


def _taken(given: Change | CliError) -> Change:
    if isinstance(given, CliError):
        raise given
    return given
