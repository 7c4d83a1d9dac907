"""The machine without time, as a table: small numbers for knowledge and objects, and what each event makes of them.

Clocks, attempts and texts are forgotten after every event, so that whatever the knowledge allows is sent at each one,
as if every timer had just fired. That takes nothing away: a message that is sent too early may always be lost.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from skald_wire import Address, Cancel, Command, Direction, Reply
from skald_wire.register import Answer

from saga_operator.domain.definition import Definition, Step
from saga_operator.domain.effects import Effect, Publish
from saga_operator.domain.events import DecisionMade, Event, ReplyArrived, SagaSeen, Stored, Woken
from saga_operator.domain.kinds import Action, Failure, Phase, Saga, Status, StepState, StepStatus
from saga_operator.domain.knowledge import CANCELLED, Knowledge, StepKnowledge
from saga_operator.domain.machine import advance, open_saga, render
from saga_operator.domain.memory import recall
from saga_operator.simulator.participant import says_its_name
from saga_operator.simulator.shapes import BEGIN, decision_of, saga_of

_CAUSE: Final = Failure(step="", code="Simulated")
_EARLY: Final = BEGIN + 1


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
        self.messages: list[Command | Cancel] = []
        """By bit. A step's action, compensation or cancel is always the same but for attempt and time."""
        self._bits: dict[Hashable, int] = {}
        self._addresses: dict[tuple[int, Direction], Address] = {}
        self.objects: list[Status] = []
        self.knowledge: list[Knowledge] = []
        self._created = saga_of(definition)
        self._late = BEGIN + definition.deadline + max(step.expires_after or 0.0 for step in definition.steps) + 1
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

    def decides(self, knowledge: int, number: int, action: Action, step: str | None) -> Turned:
        """A person's decision is told, and the object read again. The step is stalled if that is what it takes."""
        key = ("decides", knowledge, number, action, step)
        if key not in self._turns:
            output = says_its_name(step) if action == "Complete" and step is not None else None
            event = DecisionMade(decision_of(action, step, _EARLY, output, f"{action} {step}"))
            before, effects = self._advance(_stall(self.definition, self.knowledge[knowledge], step), event)
            after, more = self._advance(before, SagaSeen(self._saga(number), authoritative=True))
            self._turns[key] = self._turned(after, effects + more)
        return self._turns[key]

    def step_of(self, bit: int) -> int:
        """Position of the step that a message is about."""
        return self.definition.positions[self.messages[bit].address.step]

    def is_waiting(self, knowledge: int) -> bool:
        """Whether a person's approval is all that the operator waits for."""
        known = self.knowledge[knowledge]
        return render(self.definition, known, _EARLY).phase is Phase.WAITING and known.cause is None

    def is_woken(self, knowledge: int, *, late: bool) -> Turned:
        """A timer fires; late: after the saga's deadline."""
        return self._turn(("woken", knowledge, late), knowledge, Woken(), now=self._late if late else _EARLY)

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
            after, effects = self._advance(before, event, now)
            turned = self._turns[key] = self._turned(after, effects)
        return turned

    def _advance(self, before: Knowledge, event: Event, now: float = _EARLY) -> tuple[Knowledge, list[Effect]]:
        return advance(self.definition, before, event, now, 0.5)

    def _turned(self, after: Knowledge, effects: list[Effect]) -> Turned:
        sent = 0
        for effect in effects:
            if isinstance(effect, Publish):
                sent |= self._number_message(effect.message)
        return Turned(self._number_knowledge(after), sent)

    def _number_message(self, message: Command | Cancel) -> int:
        address = message.address
        decision = message.decision if isinstance(message, Cancel) else None
        decided = decision["uid"] if decision is not None else None
        key = (address.command_id, address.direction, isinstance(message, Cancel), decided)
        bit = self._bits.setdefault(key, len(self.messages))
        if bit == len(self.messages):
            self.messages.append(message)
            self._addresses.setdefault((self.definition.positions[address.step], address.direction), address)
        return 1 << bit

    def _number_object(self, status: Status) -> int:
        outcomes = tuple(self._outcome(status, step) for step in self.definition.steps)
        uids = tuple(each.uid for each in status.decisions)
        direction = status.direction or Direction.FORWARD
        phase = status.phase if status.phase.terminal else Phase.RUNNING
        number = self._number(("object", phase, direction, outcomes, frozenset(uids)), len(self.objects))
        if number == len(self.objects):
            steps = {
                step.name: StepStatus(state=outcome, output=status.steps[step.name].output, decision=decision)
                for step, (outcome, decision) in zip(self.definition.steps, outcomes, strict=True)
                if outcome is not None
            }
            failure = _cause(direction)
            self.objects.append(
                Status(phase=phase, direction=direction, steps=steps, decisions=status.decisions, failure=failure)
            )
        return number

    @staticmethod
    def _outcome(status: Status, step: Step) -> tuple[StepState | None, str | None]:
        known = recall(step, status)
        return known.outcome, known.decision if known.outcome is not None else None

    def _number_knowledge(self, knowledge: Knowledge) -> int:
        steps = tuple(
            (step.outcome, step.decision, step.action is not None, _is_dead(step)) for step in knowledge.steps
        )
        decided = (
            frozenset(each.uid for each in knowledge.applied),
            frozenset((each.decision.metadata.uid, each.accepted) for each in knowledge.asked),
        )
        early = frozenset((reply.step, reply.type) for reply in knowledge.early)
        phase = knowledge.saga.status.phase if knowledge.terminal else Phase.RUNNING
        sealing = knowledge.cause is not None
        key = ("knowledge", phase, knowledge.direction, steps, early, sealing, knowledge.verdict, decided)
        number = self._number(key, len(self.knowledge))
        if number == len(self.knowledge):
            self.knowledge.append(self._forget(knowledge, phase))
        return number

    def _forget(self, knowledge: Knowledge, phase: Phase) -> Knowledge:
        direction = knowledge.direction
        steps = tuple(
            StepKnowledge(
                outcome=step.outcome,
                output=step.output,
                action=step.action,
                decision=step.decision,
                started_at=None if step.started_at is None else _EARLY,
                error=step.error if _is_dead(step) else None,
            )
            for step in knowledge.steps
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
            asked=knowledge.asked,
            applied=knowledge.applied,
        )

    def _number(self, key: Hashable, fresh: int) -> int:
        return self._numbers.setdefault(key, fresh)

    def _saga(self, number: int) -> Saga:
        metadata = replace(self._created.metadata, resource_version=f"object {number}")
        return replace(self._created, metadata=metadata, status=self.objects[number])

    def _reply(self, step: int, direction: Direction, answer: Answer) -> ReplyArrived:
        address = self._addresses[step, direction]
        return ReplyArrived(
            Reply(
                command_id=address.command_id,
                type=answer.type,
                body=answer.body,
                saga=address.saga,
                step=address.step,
                direction=direction,
                fingerprint=address.fingerprint,
                attempt=1,
                final=answer.final,
            )
        )


def _is_dead(step: StepKnowledge) -> bool:
    """Never to run, and nothing but a decision helps."""
    return step.error is not None and step.error.code == CANCELLED and step.outcome is None


def _stall(definition: Definition, knowledge: Knowledge, step: str | None) -> Knowledge:
    if step is None:
        return knowledge
    index = definition.positions[step]
    stalled = replace(knowledge.steps[index], stalled_since=_EARLY)
    return replace(knowledge, steps=(*knowledge.steps[:index], stalled, *knowledge.steps[index + 1 :]))


def _cause(direction: Direction) -> Failure | None:
    return _CAUSE if direction is Direction.BACKWARD else None
