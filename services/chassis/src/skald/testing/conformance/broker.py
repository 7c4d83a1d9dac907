"""A participant under test of which only its queue is known."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pika.exceptions import UnroutableError
from skald_wire import Cancel, Command, Envelope, Reply, WireError, decode_reply

from skald.testing.broker import OperatorProbe
from skald.testing.conformance.checks import Broken
from skald.testing.conformance.errors import KitError
from skald.testing.conformance.templates import fill
from skald.testing.conformance.tested import AtQueue, Process
from skald.testing.messages import SagaStep, cancel

__all__ = ["Knock", "Queue"]

JSON = Any
_POLL = 0.02


class Knock:
    """Finds out whether somebody consumes a participant's queue: cancels what nobody sent, which must be answered."""

    def __init__(self, operator: OperatorProbe, participant: str, action: str) -> None:
        self._operator = operator
        self._participant = participant
        self._action = action
        self._awaited = ""

    def knock(self) -> None:
        """Raises KitError when no queue is bound for the participant."""
        message = cancel(SagaStep(self._participant, f"test-{uuid.uuid4()}").action(self._action, {}))
        self._awaited = message.address.command_id
        try:
            self._operator.send(message)
        except UnroutableError as error:
            key = message.address.routing_key
            raise KitError(f"no queue is bound for {key}: add the participant to the broker's topology") from error

    def answered(self) -> bool:
        """Whether the answer to the last knock has come by now."""
        while (envelope := self._operator.take()) is not None:
            if envelope.correlation_id == self._awaited:
                return True
        return False


@dataclass
class Queue(AtQueue):
    """Asks as the operator does, over a connection as its broker user."""

    url: str
    participant: str
    action: str
    action_input: Mapping[str, JSON]
    """Each input may hold references (``templates``)."""
    compensation: str | None = None
    undo_input: Mapping[str, JSON] | None = None
    """None: the action's input, as in a definition."""
    failing_input: Mapping[str, JSON] | None = None
    effects: Callable[[str], float] | None = None
    process: Process | None = None
    horizon: timedelta | None = None
    patience: float = 10.0
    """Seconds that a reply may take."""
    _attempts: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _operator: OperatorProbe = field(init=False)

    def __post_init__(self) -> None:
        self._operator = OperatorProbe(self.url)

    def close(self) -> None:
        """Close the connection."""
        self._operator.close()

    @property
    def name(self) -> str:
        """The participant's."""
        return self.participant

    def act(self, step: SagaStep) -> Command:
        """The action, with its input filled in."""
        return step.action(self.action, fill(self.action_input, {"saga": step.saga}))

    def undo(self, step: SagaStep, output: Mapping[str, JSON]) -> Command:
        """The compensation, with its input filled in."""
        assert self.compensation is not None, "such a check needs compensation"
        template = self.action_input if self.undo_input is None else self.undo_input
        return step.compensation(self.compensation, fill(template, {"saga": step.saga, "output": output}))

    def ask(self, message: Command | Cancel) -> Reply:
        """The reply to this very message, which carries an attempt number of its own."""
        return self._sent([message])[0]

    def ask_together(self, messages: Sequence[Command | Cancel]) -> list[Reply]:
        """Sent in one go, so that a participant with several threads has them at the same time."""
        return self._sent(messages)

    def elsewhere(self, message: Command | Cancel) -> Reply:
        """Asked by another operator."""
        mine, self._operator = self._operator, OperatorProbe(self.url)
        try:
            return self.ask(message)
        finally:
            self.close()
            self._operator = mine

    def publish(self, envelope: Envelope) -> None:
        """Send what no operator would; the reply queue and the sender are the kit's."""
        self._operator.publish(replace(envelope, reply_to=self._operator.queue, user_id=self._operator.user))

    def send(self, message: Command | Cancel) -> None:
        """Send without waiting."""
        try:
            self._operator.send(message)
        except UnroutableError:
            raise Broken(
                f"a queue bound for {message.address.routing_key}", "the broker returned the message"
            ) from None

    def reply(self, command_id: str) -> Reply:
        """The next reply for that command, whichever attempt it answers."""
        return _read(self._await(f"a reply for command {command_id}", lambda one: one.correlation_id == command_id))

    def raw_reply(self, message: Command | Cancel) -> Envelope:
        """The reply to the message as it was on the broker."""
        self.send(message)
        id_ = message.address.command_id
        return self._await(f"a reply with correlation_id {id_}", lambda one: one.correlation_id == id_)

    def _sent(self, messages: Sequence[Command | Cancel]) -> list[Reply]:
        numbered = [replace(message, attempt=next(self._attempts)) for message in messages]
        for message in numbered:
            self.send(message)
        waiting = {message.attempt for message in numbered}
        answers: list[Reply] = []
        while waiting:
            answers.append(self._answer(numbered[0].address.command_id, waiting))
        return answers

    def _answer(self, command_id: str, waiting: set[int]) -> Reply:
        def awaited(one: Envelope) -> bool:
            return one.correlation_id == command_id and one.headers.get("attempt") in waiting

        what = f"a reply for command {command_id} with attempt {' or '.join(map(str, sorted(waiting)))}"
        reply = _read(self._await(what, awaited))
        waiting.discard(reply.attempt)
        return reply

    def _await(self, what: str, awaited: Callable[[Envelope], bool]) -> Envelope:
        others: list[str] = []
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            envelope = self._operator.take()
            if envelope is None:
                time.sleep(_POLL)
            elif awaited(envelope):
                return envelope
            else:
                others.append(_shortly(envelope))
        came = f"only other messages: {'; '.join(others[:5])}" if others else "none"
        raise Broken(f"{what}, within {self.patience:g} s", came)


def _shortly(envelope: Envelope) -> str:
    attempt = envelope.headers.get("attempt")
    return f"{envelope.type or 'no type'} for correlation_id {envelope.correlation_id or '(none)'}, attempt {attempt}"


def _read(envelope: Envelope) -> Reply:
    try:
        return decode_reply(envelope)
    except WireError as error:
        raise Broken("a reply that keeps the wire contract", error) from error
