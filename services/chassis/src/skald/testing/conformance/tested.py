"""A participant under test, as the checks see it: one of its actions, and what became of it in the world."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from skald_wire import Cancel, Command, Envelope, Reply

from skald.testing.messages import SagaStep

__all__ = ["AtQueue", "Process", "Tested"]

JSON = Any


class Tested(ABC):
    """One action of a participant, its compensation if it has one, and who asks and looks."""

    action: str
    action_input: Mapping[str, JSON]
    compensation: str | None
    failing_input: Mapping[str, JSON] | None
    """Input with which the action fails whenever it is tried; None where nobody knows any."""
    effects: Callable[[str], float] | None
    """How often the action is in force for a saga key; None where nobody can tell."""
    horizon: timedelta | None
    """How old a message may be that it must not refuse (R7); None where it never forgets."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The participant's."""

    @abstractmethod
    def ask(self, message: Command | Cancel) -> Reply:
        """Its reply to the message."""

    @abstractmethod
    def ask_together(self, messages: Sequence[Command | Cancel]) -> list[Reply]:
        """Its replies, in any order, to messages of one command id that all come at the same time."""

    def step(self) -> SagaStep:
        """A step of a saga that nobody has heard of."""
        return SagaStep(self.name, f"test-{uuid.uuid4()}", self.action)

    def act(self, step: SagaStep) -> Command:
        """The action."""
        return step.action(self.action, self.action_input)

    def fail(self, step: SagaStep) -> Command:
        """The action with the input that it cannot but fail on."""
        assert self.failing_input is not None, "such a check needs failing_input"
        return step.action(self.action, self.failing_input)

    @abstractmethod
    def undo(self, step: SagaStep, output: Mapping[str, JSON]) -> Command:
        """The compensation of the action that gave ``output``."""

    def undo_nothing(self, step: SagaStep) -> Command:
        """The compensation of an action that never came, with input as if it had: another saga's output."""
        return self.undo(step, self.ask(self.act(self.step())).body)


class Process(ABC):
    """The participant's process, in the kit's hands."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and wait until it answers."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL; what it has sent and not been rid of is lost."""

    @abstractmethod
    def hold_answers(self) -> None:
        """Let nothing that it sends reach the broker, until it is killed."""

    @abstractmethod
    def answers_held(self) -> bool:
        """Whether it has sent a reply since ``hold_answers``."""


class AtQueue(Tested):
    """A participant of which only its queue is known, and perhaps how to start it."""

    process: Process | None

    @abstractmethod
    def publish(self, envelope: Envelope) -> None:
        """Send what no operator would."""

    @abstractmethod
    def send(self, message: Command | Cancel) -> None:
        """Send without waiting."""

    @abstractmethod
    def reply(self, command_id: str) -> Reply:
        """The next reply for that command."""

    @abstractmethod
    def raw_reply(self, message: Command | Cancel) -> Envelope:
        """The reply to the message as it was on the broker."""

    @abstractmethod
    def elsewhere(self, message: Command | Cancel) -> Reply:
        """Send the message with another reply queue, and wait for the reply there."""
