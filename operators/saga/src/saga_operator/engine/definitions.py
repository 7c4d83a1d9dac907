"""Definitions, compiled once, and what the operator answers about each on the object."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from saga_operator.domain.kinds import DefinitionStatus, SagaDefinition, StatusCondition
from saga_operator.domain.model import Definition, DefinitionError, NotAccepted, compile_definition
from saga_operator.engine.crew import Crew
from saga_operator.engine.ports import Clock, DefinitionStore, Ref

log = logging.getLogger(__name__)

ACCEPTED: Final = "Accepted"
"""Condition type, as in the Gateway API."""
PAUSE: Final = 1.0
"""Seconds between tries while the API server does not answer."""

Compiled = Definition | NotAccepted


@dataclass(frozen=True, slots=True)
class _Known:
    source: SagaDefinition
    compiled: Compiled


class Definitions:
    """What a saga's definition says, or why it says nothing. ``changed`` is called with the place of one that has."""

    def __init__(
        self,
        store: DefinitionStore,
        clock: Clock,
        *,
        changed: Callable[[Ref], None],
        missing: Callable[[Ref], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed
        self._missing = missing
        self._known: dict[Ref, _Known] = {}
        self._wanted: set[Ref] = set()
        self.reader: Crew[Ref] = Crew("definitions", 1, self._read)
        self.writer: Crew[Ref] = Crew("acceptance", 1, self._answer)

    def get(self, ref: Ref) -> Compiled | None:
        """The definition that lies there; None when there is none, or when it was never looked up."""
        known = self._known.get(ref)
        return None if known is None else known.compiled

    def look_up(self, ref: Ref) -> None:
        """Ask the API server for one that no watch has shown yet; ``changed`` or ``missing`` is called."""
        if ref not in self._wanted:
            self._wanted.add(ref)
            self.reader.put(ref)

    def seen(self, definition: SagaDefinition) -> None:
        """A watch or a GET showed it."""
        ref = Ref.of(definition.metadata)
        known = self._known.get(ref)
        if known is not None and known.source.metadata.uid == definition.metadata.uid:
            # The spec is immutable, so it is compiled once; the status is kept to know what still has to be answered.
            self._known[ref] = _Known(definition, known.compiled)
        else:
            self._known[ref] = _Known(definition, _compile(definition))
            self._changed(ref)
        self.writer.put(ref)

    def deleted(self, ref: Ref, uid: str) -> None:
        """A watch said that this very object is gone."""
        known = self._known.get(ref)
        if known is not None and known.source.metadata.uid == uid:
            del self._known[ref]
            self._changed(ref)

    async def _read(self, ref: Ref) -> None:
        try:
            definition = await self._store.read_definition(ref)
        except ConnectionError as error:
            log.warning("definition %s cannot be read, trying again: %s", ref, error)
            await asyncio.sleep(PAUSE)
            self.reader.put(ref)
            return
        self._wanted.discard(ref)
        if definition is None:
            self._missing(ref)
        else:
            self.seen(definition)

    async def _answer(self, ref: Ref) -> None:
        known = self._known.get(ref)
        if known is None:
            return
        status = acceptance(known.source, known.compiled, self._clock.now())
        if status == known.source.status:
            return
        try:
            await self._store.write_acceptance(known.source, status)
        except ConnectionError as error:
            log.warning("definition %s: its acceptance cannot be written, trying again: %s", ref, error)
            await asyncio.sleep(PAUSE)
            self.writer.put(ref)


def _compile(definition: SagaDefinition) -> Compiled:
    try:
        return compile_definition(definition)
    except DefinitionError as error:
        return NotAccepted(error.reason, "; ".join(error.problems))


def acceptance(definition: SagaDefinition, compiled: Compiled, now: float) -> DefinitionStatus:
    """What the definition's status should be; equal to what it is when nothing has to be written."""
    if isinstance(compiled, NotAccepted):
        fresh = StatusCondition(type=ACCEPTED, status="False", reason=compiled.reason, message=compiled.message)
        digest = None
    else:
        fresh = StatusCondition(type=ACCEPTED, status="True", reason=ACCEPTED, message="sagas of it are run")
        digest = compiled.hash
    old = next((condition for condition in definition.status.conditions if condition.type == ACCEPTED), None)
    since = old.last_transition_time if old is not None and old.status == fresh.status else _rfc3339(now)
    condition = StatusCondition(
        type=fresh.type,
        status=fresh.status,
        reason=fresh.reason,
        message=fresh.message,
        last_transition_time=since,
        observed_generation=definition.metadata.generation,
    )
    return DefinitionStatus(hash=digest, conditions=[condition])


def _rfc3339(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
