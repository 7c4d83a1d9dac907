"""People's decisions on their way to a saga's mailbox, and the answers on their way back (rule I6)."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from saga_operator.domain import moments
from saga_operator.domain.decisions import answer_for
from saga_operator.domain.effects import AnswerDecision
from saga_operator.domain.events import DecisionMade, Event
from saga_operator.domain.kinds import DecisionStatus, Saga, SagaDecision
from saga_operator.engine.crew import Crew
from saga_operator.engine.ports import Clock, DecisionStore, Ref, SagaStore
from saga_operator.engine.table import LiveSaga, Table

log = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds between tries while the API server does not answer."""


class Decisions:
    """Keeps every decision that has no answer yet, and tells it to its saga whenever that is loaded.

    A decision about a saga that is not live is answered from the object alone; one that turns out to be live is
    ``found``. Outcomes of ``post`` come back to ``answer``.
    """

    def __init__(
        self,
        store: DecisionStore,
        sagas: SagaStore,
        table: Table,
        clock: Clock,
        *,
        post: Callable[[LiveSaga, Event], None],
        found: Callable[[Saga], None],
    ) -> None:
        self._store = store
        self._sagas = sagas
        self._table = table
        self._clock = clock
        self._post = post
        self._found = found
        self._open: defaultdict[Ref, dict[str, SagaDecision]] = defaultdict(dict)
        self.reader: Crew[SagaDecision] = Crew("decisions", 2, self._look)
        self.writer: Crew[tuple[AnswerDecision, Saga | None]] = Crew("answers", 2, self._write)

    def seen(self, decision: SagaDecision) -> None:
        """A watch or list showed it."""
        if decision.status.state is not None:
            self._close(decision)
        elif decision.metadata.uid not in self._open[_subject(decision)]:
            self._open[_subject(decision)][decision.metadata.uid] = decision
            self._tell(decision)

    def deleted(self, decision: SagaDecision) -> None:
        """It is answered, or gone: nobody waits for it any more."""
        self._close(decision)

    def saga_moved(self, ref: Ref) -> None:
        """The saga there was loaded, or is no longer live: what is open about it is told again, which is harmless."""
        if ref in self._open:
            for decision in list(self._open[ref].values()):
                self._tell(decision)

    def answer(self, answer: AnswerDecision, saga: Saga | None) -> None:
        """Write it to the decision, which becomes the saga's own if there is one."""
        self.writer.put((answer, saga))

    def _tell(self, decision: SagaDecision) -> None:
        live = self._table.get(_subject(decision))
        if live is None:
            self.reader.put(decision)
        elif live.knowledge is not None:
            self._post(live, DecisionMade(decision))
        # Else the saga is about to be loaded, which is when it is told.

    async def _look(self, decision: SagaDecision) -> None:
        ref = _subject(decision)
        if self._table.get(ref) is not None:
            self._tell(decision)
            return
        try:
            saga = await self._sagas.read(ref)
        except ConnectionError as error:
            await self._try_again(decision, error)
            self.reader.put(decision)
            return
        answer = answer_for(saga, decision)
        if answer is not None:
            self.answer(answer, saga)
        elif saga is not None:
            self._found(saga)

    async def _write(self, job: tuple[AnswerDecision, Saga | None]) -> None:
        answer, saga = job
        decision = answer.decision
        applied = moments.show(self._clock.now()) if answer.state == "Applied" else None
        status = DecisionStatus(state=answer.state, message=answer.message, applied_at=applied)
        try:
            await self._store.answer(decision, status, saga)
        except ConnectionError as error:
            await self._try_again(decision, error)
            self.writer.put(job)
            return
        self._close(decision)
        where = {"saga": str(_subject(decision)), "step": decision.spec.step}
        verdict = f"{decision.spec.action} by {decision.spec.by} is {answer.state}: {answer.message}"
        log.info("decision %s: %s", decision.metadata.name, verdict, extra=where)

    async def _try_again(self, decision: SagaDecision, error: ConnectionError) -> None:
        log.warning("decision %s waits for the API server, trying again: %s", decision.metadata.name, error)
        await asyncio.sleep(PAUSE)

    def _close(self, decision: SagaDecision) -> None:
        ref = _subject(decision)
        self._open[ref].pop(decision.metadata.uid, None)
        if not self._open[ref]:
            del self._open[ref]


def _subject(decision: SagaDecision) -> Ref:
    return Ref(decision.metadata.namespace, decision.spec.saga)
