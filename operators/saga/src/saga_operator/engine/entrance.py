"""How a saga comes to run: its definition is looked up, and where that bounds how many run at once, its turn comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from saga_operator.domain import machine, moments
from saga_operator.domain.concurrency import Gate
from saga_operator.domain.events import Admitted, DefinitionChanged, Event, SagaSeen
from saga_operator.domain.model import Definition
from saga_operator.engine.definitions import Definitions
from saga_operator.engine.ports import Clock, Ref
from saga_operator.engine.table import LiveSaga, Table
from saga_operator.engine.timers import Timers

SPREAD: Final = 0.00025
"""Seconds per live saga over which a crowd that comes at once (a start, a reconnect) is spread: what one costs."""


class Entrance:
    """Opens sagas: from then on they have knowledge, and what is posted to them is heard."""

    def __init__(
        self,
        table: Table,
        definitions: Definitions,
        timers: Timers,
        clock: Clock,
        *,
        post: Callable[[LiveSaga, Event], None],
        opened: Callable[[Ref], None],
    ) -> None:
        self._table = table
        self._definitions = definitions
        self._timers = timers
        self._clock = clock
        self._post = post
        self._opened = opened
        self._gates: dict[Ref, Gate[LiveSaga]] = {}
        self._undefined: dict[Ref, list[LiveSaga]] = {}
        self.crowd_ends = 0.0
        """When the last one of the crowd that came latest has its turn, in Unix seconds."""

    def enter(self, live: LiveSaga) -> None:
        """Open it, once its definition is known."""
        if live.gone or live.knowledge is not None:
            return
        if self._definitions.get(live.definition) is None:
            # The watch of definitions may be behind: only the API server can say that there is none.
            self._undefined.setdefault(live.definition, []).append(live)
            self._definitions.look_up(live.definition)
        else:
            self._open(live)

    def enter_with_crowd(self, live: LiveSaga) -> None:
        """Open it after those that came before it in the crowd, and not all of them at once."""
        now = self._clock.now()
        self.crowd_ends = max(self.crowd_ends, now) + 2 * SPREAD * self._clock.jitter()
        self._timers.at(self.crowd_ends, lambda: self.enter(live))

    def left(self, live: LiveSaga) -> None:
        """It is no longer live: who waits longest takes its place."""
        gate = self._gates.get(live.definition)
        if gate is not None:
            for admitted in gate.leave(live):
                self._post(admitted, Admitted())

    def definition_missing(self, ref: Ref) -> None:
        """The API server has none: those that asked are told. Whoever knows it already costs nothing."""
        for live in self._undefined.pop(ref, ()):
            if not live.gone and live.knowledge is None:
                self._open(live)

    def definition_changed(self, ref: Ref) -> None:
        """It appeared, vanished or is another one."""
        self._gates.pop(ref, None)
        self._undefined.pop(ref, None)
        for live in sorted((live for live in self._table if live.definition == ref), key=_age):
            if live.knowledge is None or not live.knowledge.steps or live.knowledge.waits_its_turn:
                self._open(live)
            else:
                self._post(live, DefinitionChanged())
                if self._admits(live):
                    self._post(live, Admitted())

    def _open(self, live: LiveSaga) -> None:
        live.knowledge = machine.open_saga(live.saga, admitted=self._admits(live))
        self._post(live, SagaSeen(live.saga, authoritative=False))
        self._opened(live.ref)

    def _admits(self, live: LiveSaga) -> bool:
        definition = self._definitions.get(live.definition)
        if not isinstance(definition, Definition) or definition.max_running is None:
            return True
        gate = self._gates.get(live.definition)
        if gate is None:
            gate = self._gates[live.definition] = Gate(definition.max_running)
        runs = live.knowledge is not None and bool(live.knowledge.steps) and live.knowledge.admitted
        begun = runs or live.saga.status.start_time is not None
        return gate.enter(live, _age(live)[0], begun=begun)


def _age(live: LiveSaga) -> tuple[float, str]:
    """What sorts the oldest first."""
    return moments.parse(live.saga.metadata.creation_timestamp), live.ref.name
