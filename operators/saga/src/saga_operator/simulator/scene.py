"""The participants of one schedule: their registers, and what became of the world outside."""

from __future__ import annotations

from dataclasses import replace

from skald_wire import Cancel, Command, Direction, ReplyType
from skald_wire.register import Answer

from saga_operator.domain.definition import Definition, Step
from saga_operator.domain.kinds import SagaDecision, Status
from saga_operator.simulator import properties
from saga_operator.simulator.participant import Effect, Move, Participant
from saga_operator.simulator.places import after_effect
from saga_operator.simulator.properties import World
from saga_operator.simulator.timeline import Timeline, Violation


class Scene:
    """Delivers messages to registers, and checks every effect."""

    def __init__(self, definition: Definition, participant: Participant, timeline: Timeline) -> None:
        self.world = World(approved=properties.given_by_expiry(definition))
        self.contents: dict[str, str] = {}
        """By step: the fingerprint of the command that had its effect."""
        self.effects = 0
        self.trouble = 0.3
        """How likely a participant does anything but what a healthy one does."""
        self._definition = definition
        self._participant = participant
        self._timeline = timeline
        self._registers = [participant.empty() for _ in definition.steps]

    def deliver(self, message: Command | Cancel) -> Answer | None:
        """One delivery. None: the process died before it could answer, so the message will come again."""
        step = self._definition.steps[self._definition.positions[message.address.step]]
        moves = self._participant.moves(self._registers[step.index], message, self._timeline.now)
        move = self._timeline.chance.choice(moves) if self._timeline.likely(self.trouble) else moves[0]
        self._check(step, move)
        self._registers[step.index] = move.register
        if move.effect is Effect.DONE:
            self.contents[step.name] = message.address.fingerprint
        what = "cancel" if isinstance(message, Cancel) else message.address.direction
        self._timeline.tell(f"participant of {step.name} meets {what} and {move.label}")
        return move.answer

    def object_says(self, status: Status) -> None:
        """Something was stored, and can never be said not to have been."""
        self.world = properties.after_stored(self._definition, self.world, status)

    def person_says(self, decision: SagaDecision) -> None:
        """Somebody decided; an approval is given from then on, whether or not the operator has heard of it."""
        spec = decision.spec
        if spec.action == "Approve" and spec.step in self._definition.positions:
            given = 1 << self._definition.positions[spec.step]
            self.world = replace(self.world, approved=self.world.approved | given)

    def _check(self, step: Step, move: Move) -> None:
        broken = None
        if move.effect is Effect.DONE:
            broken = properties.action_ran(self._definition, self.world, step)
        elif move.effect is Effect.UNDONE:
            broken = properties.compensation_ran(self._definition, self.world, step)
        if broken is not None:
            raise Violation(broken)
        ran, undone = bool(self.world.ran & step.bit), bool(self.world.undone & step.bit)
        ran, undone = after_effect(move.effect, ran=ran, undone=undone)
        self.effects += move.effect is not None
        others = ~step.bit
        self.world = replace(
            self.world,
            ran=self.world.ran & others | ran << step.index,
            undone=self.world.undone & others | undone << step.index,
            spared=self.world.spared & others | self._is_spared(move) << step.index,
        )

    def _is_spared(self, move: Move) -> bool:
        answer = self._participant.answers(move.register).get(Direction.BACKWARD)
        return answer is not None and answer.type is ReplyType.CANCELLED
