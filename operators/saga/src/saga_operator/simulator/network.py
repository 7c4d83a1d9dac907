"""The broker of one schedule: loses, repeats, delays and reorders, and says little that can be relied upon."""

from __future__ import annotations

from functools import partial

from skald_wire import Cancel, Command, Reply
from skald_wire.register import Answer

from saga_operator.domain.events import Confirmed, Reconnected, Returned, Unconfirmed
from saga_operator.simulator.operator import Operator
from saga_operator.simulator.scene import Scene
from saga_operator.simulator.timeline import Timeline


class Broker:
    """Between operators and participants."""

    def __init__(self, timeline: Timeline, scene: Scene) -> None:
        self.calm = False
        """Nothing is lost, repeated or late any more."""
        self.sent = self.lost = self.repeated = 0
        self._timeline = timeline
        self._scene = scene

    def publish(self, sender: Operator, message: Command | Cancel) -> None:
        """Take a message, or not; deliver it never, once, or more often."""
        self.sent += 1
        fate = 0.0 if self.calm else self._timeline.chance.random()
        if fate > 0.97:
            self._tell(sender, message, Returned)
            return
        if fate > 0.9:
            self._tell(sender, message, Unconfirmed)
            if fate > 0.93:
                self.lost += 1
                return
        else:
            self._tell(sender, message, Confirmed)
        if fate > 0.8:
            self.lost += 1
            return
        self._carry(sender, message)
        if fate > 0.65:
            self.repeated += 1
            self._carry(sender, message, most=400.0)

    def reconnect(self, operator: Operator) -> None:
        """The operator gets a new reply queue; what was in the old one is lost."""
        self._timeline.tell(f"{operator.name} reconnects")
        operator.connection += 1
        operator.feed(Reconnected())

    def _tell(
        self, sender: Operator, message: Command | Cancel, kind: type[Confirmed | Returned | Unconfirmed]
    ) -> None:
        event = kind(message.address.command_id, message.attempt, isinstance(message, Cancel))
        self._timeline.after(0.0, 0.05, partial(sender.feed_if, sender.life, event))

    def _carry(self, sender: Operator, message: Command | Cancel, most: float = 0.05) -> None:
        most = most if self.calm or self._timeline.likely(0.8) else 60.0
        self._timeline.after(0.001, most, partial(self._deliver, sender, sender.life, sender.connection, message))

    def _deliver(self, sender: Operator, life: int, connection: int, message: Command | Cancel) -> None:
        answer = self._scene.deliver(message)
        if answer is None:
            self._timeline.after(0.001, 2.0, partial(self._deliver, sender, life, connection, message))
        elif (life, connection) == (sender.life, sender.connection) and (self.calm or self._timeline.likely(0.9)):
            self._reply(sender, message, answer)
            if not self.calm and self._timeline.likely(0.1):
                self._reply(sender, message, answer)

    def _reply(self, sender: Operator, message: Command | Cancel, answer: Answer) -> None:
        address = message.address
        reply = Reply(
            command_id=address.command_id,
            type=answer.type,
            body=answer.body,
            saga=address.saga,
            step=address.step,
            direction=address.direction,
            fingerprint=address.fingerprint,
            attempt=message.attempt,
            final=answer.final,
        )
        most = 0.02 if self.calm or self._timeline.likely(0.8) else 30.0
        self._timeline.after(0.001, most, partial(sender.hear, sender.life, sender.connection, reply))
