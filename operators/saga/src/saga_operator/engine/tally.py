"""What is counted about sagas as they run, and which replies are taken."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import get_args

from skald_wire import Cancel, Command, Reply

from saga_operator.domain import moments
from saga_operator.domain.kinds import Phase, Saga
from saga_operator.domain.knowledge import StallReason
from saga_operator.domain.model import Definition
from saga_operator.engine.definitions import Definitions
from saga_operator.engine.ports import Clock, Metrics, Ref, Tracer
from saga_operator.engine.table import LiveSaga, Table

log = logging.getLogger(__name__)


class Tally:
    """Looks on; nothing that happens to a saga depends on it but that foreign replies do not count."""

    def __init__(self, table: Table, definitions: Definitions, clock: Clock, metrics: Metrics, tracer: Tracer) -> None:
        self._table = table
        self._definitions = definitions
        self._clock = clock
        self._metrics = metrics
        self._tracer = tracer

    def phases(self) -> Mapping[str, int]:
        """How many live sagas are in which phase."""
        found = Counter(live.phase for live in self._table)
        return {phase.value: found[phase] for phase in Phase if not phase.terminal}

    def stalls(self) -> Mapping[str, int]:
        """How many live sagas wait for which thing that they cannot bring about."""
        stalls = (live.knowledge.stall for live in self._table if live.knowledge is not None)
        found = Counter(stall.reason for stall in stalls if stall is not None)
        return {reason: found[reason] for reason in get_args(StallReason)}

    def sent(self, live: LiveSaga, message: Command | Cancel) -> None:
        """A command or cancel goes out."""
        if message.attempt > 1:
            self._metrics.count("retries", {"participant": message.address.participant})
        self._tracer.sent(live.ref, message, self._clock.now())

    def heard(self, live: LiveSaga, reply: Reply) -> bool:
        """Whether a reply comes from the step's own participant, as the broker knows it."""
        if reply.user_id != self._participant(live, reply.step):
            self.dropped("foreign", live.ref, reply)
            return False
        self._metrics.count("replies", {"type": reply.type.value})
        self._tracer.answered(live.ref, reply, self._clock.now())
        return True

    def dropped(self, why: str, ref: Ref, reply: Reply) -> None:
        """A reply that nobody takes."""
        self._metrics.count("replies", {"type": why})
        where = {"saga": str(ref), "step": reply.step, "message_id": reply.message_id}
        level = logging.WARNING if why == "foreign" else logging.DEBUG
        log.log(level, "dropped a %s reply from broker user %r", why, reply.user_id, extra=where)

    def finished(self, saga: Saga) -> None:
        """It reached a terminal phase."""
        status = saga.status
        phase = {"phase": status.phase.value}
        self._metrics.count("finished", phase)
        began, ended = moments.recall(status.start_time), moments.recall(status.completion_time)
        if began is not None and ended is not None:
            self._metrics.observe("duration_seconds", ended - began, phase)
        definition = self._definitions.get(Ref(saga.metadata.namespace, saga.spec.definition))
        if isinstance(definition, Definition):
            self._time_steps(saga, definition)

    def _time_steps(self, saga: Saga, definition: Definition) -> None:
        for step in definition.steps:
            known = saga.status.steps.get(step.name)
            began = moments.recall(known.started_at) if known is not None else None
            ended = moments.recall(known.finished_at) if known is not None else None
            if began is not None and ended is not None and not step.approval:
                command = {"participant": step.participant, "command": step.command}
                self._metrics.observe("step_seconds", ended - began, command)

    def _participant(self, live: LiveSaga, step: str) -> str | None:
        match self._definitions.get(live.definition):
            case Definition() as definition if step in definition.positions:
                return definition.steps[definition.positions[step]].participant
            case _:
                return None
