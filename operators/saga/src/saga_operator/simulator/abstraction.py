"""The machine without time, as a table: small numbers for knowledge and objects, and what each event makes of them.

Clocks, attempts and texts are forgotten after every event, so that whatever the knowledge allows is sent at each one,
as if every timer had just fired. That takes nothing away: a message that is sent too early may always be lost.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from skald_wire import Cancel, Command, Direction, Reply

from saga_operator.domain.definition import Definition
from saga_operator.domain.effects import Publish
from saga_operator.domain.events import Event, ReplyArrived, SagaSeen, Stored, Woken
from saga_operator.domain.kinds import Failure, Phase, Saga, Status, StepStatus
from saga_operator.domain.knowledge import Knowledge, StepKnowledge
from saga_operator.domain.machine import advance, open_saga, render
from saga_operator.domain.memory import recall
from saga_operator.simulator.participant import Answer
from saga_operator.simulator.shapes import BEGIN, saga_of

ACTION, CANCEL, COMPENSATION = range(3)
"""What may be published of a step: bit 3 * step + one of these."""
_CAUSE: Final = Failure(step="", code="Simulated")
_EARLY: Final = BEGIN + 1
_LATE: Final = BEGIN + 1_000_000


@dataclass(frozen=True, slots=True)
class Turned:
    """What an event made of an operator's knowledge."""

    knowledge: int
    sent: int
    """The set of what was published, as bits."""


class Table:
    """``domain.machine`` over numbers, given to knowledge and objects as they are met; object 0 is the created one."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.messages: dict[int, Command | Cancel] = {}
        """By bit: a step's action, cancel or compensation is always the same but for attempt and time."""
        self.objects: list[Status] = []
        self.knowledge: list[Knowledge] = []
        self._created = saga_of(definition)
        self._numbers: dict[Hashable, int] = {}
        self._turns: dict[Hashable, Turned] = {}
        self._writes: dict[int, int] = {}
        self._number_object(Status())

    def opened(self, number: int) -> Turned:
        """A new operator that finds the object."""
        saga = self._saga(number)
        return self._turn(("opened", number), None, SagaSeen(saga, authoritative=False))

    def sees(self, knowledge: int, number: int, *, authoritative: bool) -> Turned:
        """A GET, or a watch event, shows the object."""
        event = SagaSeen(self._saga(number), authoritative=authoritative)
        return self._turn(("sees", knowledge, number, authoritative), knowledge, event)

    def stored(self, knowledge: int, number: int) -> Turned:
        """The operator's write succeeded, and made the object this."""
        return self._turn(("stored", knowledge, number), knowledge, Stored("stored", self.objects[number]))

    def hears(self, knowledge: int, step: int, direction: Direction, answer: Answer) -> Turned:
        """A reply arrives."""
        key = ("hears", knowledge, step, direction, answer)
        return self._turns.get(key) or self._turn(key, knowledge, self._reply(step, direction, answer))

    def is_woken(self, knowledge: int, *, late: bool) -> Turned:
        """A timer fires; late: after the saga's deadline."""
        return self._turn(("woken", knowledge, late), knowledge, Woken(), now=_LATE if late else _EARLY)

    def writes(self, knowledge: int) -> int:
        """The object that the operator would store now."""
        if knowledge not in self._writes:
            self._writes[knowledge] = self._number_object(render(self.definition, self.knowledge[knowledge], _EARLY))
        return self._writes[knowledge]

    def _turn(self, key: Hashable, number: int | None, event: Event, now: float = _EARLY) -> Turned:
        turned = self._turns.get(key)
        if turned is None:
            before = self.knowledge[number] if number is not None else open_saga(self._created)
            if isinstance(event, SagaSeen) and number is None:
                before = open_saga(event.saga)
            after, effects = advance(self.definition, before, event, now, 0.5)
            sent = 0
            for effect in effects:
                if isinstance(effect, Publish):
                    sent |= self._number_message(effect.message)
            turned = self._turns[key] = Turned(self._number_knowledge(after), sent)
        return turned

    def _number_message(self, message: Command | Cancel) -> int:
        kind = CANCEL if isinstance(message, Cancel) else ACTION
        if message.address.direction is Direction.BACKWARD:
            kind = COMPENSATION
        bit = 3 * self.definition.positions[message.address.step] + kind
        self.messages.setdefault(bit, message)
        return 1 << bit

    def _number_object(self, status: Status) -> int:
        outcomes = tuple(recall(step, status).outcome for step in self.definition.steps)
        direction = status.direction or Direction.FORWARD
        phase = status.phase if status.phase.terminal else Phase.RUNNING
        number = self._number(("object", phase, direction, outcomes), len(self.objects))
        if number == len(self.objects):
            steps = {
                step.name: StepStatus(state=outcome, output=status.steps[step.name].output)
                for step, outcome in zip(self.definition.steps, outcomes, strict=True)
                if outcome is not None
            }
            self.objects.append(Status(phase=phase, direction=direction, steps=steps, failure=_cause(direction)))
        return number

    def _number_knowledge(self, knowledge: Knowledge) -> int:
        steps = tuple((step.outcome, step.action is not None) for step in knowledge.steps)
        early = frozenset((reply.step, reply.type) for reply in knowledge.early)
        phase = knowledge.saga.status.phase if knowledge.terminal else Phase.RUNNING
        sealing = knowledge.cause is not None
        key = ("knowledge", phase, knowledge.direction, steps, early, sealing, knowledge.verdict)
        number = self._number(key, len(self.knowledge))
        if number == len(self.knowledge):
            self.knowledge.append(self._forget(knowledge, phase))
        return number

    def _forget(self, knowledge: Knowledge, phase: Phase) -> Knowledge:
        direction = knowledge.direction
        steps = tuple(
            StepKnowledge(outcome=step.outcome, output=step.output, action=step.action) for step in knowledge.steps
        )
        return Knowledge(
            saga=replace(self._created, status=Status(phase=phase, direction=direction, failure=_cause(direction))),
            steps=steps,
            definition_hash=knowledge.definition_hash,
            started_at=_EARLY,
            deadline=knowledge.deadline,
            early=knowledge.early,
            cause=_CAUSE if knowledge.cause is not None else None,
            verdict=knowledge.verdict,
        )

    def _number(self, key: Hashable, fresh: int) -> int:
        return self._numbers.setdefault(key, fresh)

    def _saga(self, number: int) -> Saga:
        metadata = replace(self._created.metadata, resource_version=f"object {number}")
        return replace(self._created, metadata=metadata, status=self.objects[number])

    def _reply(self, step: int, direction: Direction, answer: Answer) -> ReplyArrived:
        kinds = (COMPENSATION,) if direction is Direction.BACKWARD else (ACTION, CANCEL)
        address = next(self.messages[3 * step + kind].address for kind in kinds if 3 * step + kind in self.messages)
        return ReplyArrived(
            Reply(
                command_id=address.command_id,
                type=answer.type,
                body=answer.body(address.step),
                saga=address.saga,
                step=address.step,
                direction=direction,
                fingerprint=address.fingerprint,
                attempt=1,
                final=answer.final,
            )
        )


def _cause(direction: Direction) -> Failure | None:
    return _CAUSE if direction is Direction.BACKWARD else None
