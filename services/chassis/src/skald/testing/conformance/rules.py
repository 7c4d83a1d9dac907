"""The checks as tests to inherit: against a participant's real handlers and its real database, in one process.

class TestReserve(CompensationRules):
    @pytest.fixture
    def subject(self, ...) -> Subject:
        return Subject(participant, "reserve", {"lines": [...]}, effects=count_holds,
                       compensation="release", compensation_input=lambda output: {...})
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from skald_wire import Cancel, Command, Reply

from skald.messaging.participant import Participant
from skald.testing.conformance.checks import Check, Needs
from skald.testing.conformance.register import REGISTER_CHECKS
from skald.testing.conformance.tested import Tested
from skald.testing.messages import SagaStep, delivered

__all__ = ["CompensationRules", "ParticipantRules", "PruningRules", "Subject"]

JSON = Any
C = TypeVar("C", bound=type)


@dataclass
class Subject(Tested):
    """One action of a participant of this process, and how to see from outside whether its effect is in force."""

    participant: Participant[Any]
    action: str
    action_input: Mapping[str, JSON]
    effects: Callable[[str], float]
    compensation: str | None = None
    compensation_input: Callable[[Mapping[str, JSON]], Mapping[str, JSON]] = dict
    """From the action's output."""
    before: Callable[[SagaStep], None] = lambda _step: None
    """Brings the saga to where the action may come."""
    failing_input: Mapping[str, JSON] | None = field(default_factory=lambda: {"nonsense": [1, 2, 3]})
    horizon: timedelta | None = None

    @property
    def name(self) -> str:
        """The participant's."""
        return self.participant.name

    def step(self) -> SagaStep:
        """A step of a saga that has come so far."""
        step = super().step()
        self.before(step)
        return step

    def undo(self, step: SagaStep, output: Mapping[str, JSON]) -> Command:
        """The compensation of the action that gave ``output``."""
        assert self.compensation is not None, "such a check needs compensation"
        return step.compensation(self.compensation, self.compensation_input(output))

    def ask(self, message: Command | Cancel) -> Reply:
        """The participant's reply, by way of the wire format."""
        return self.participant.answer(self.participant.read(delivered(message)))

    def ask_together(self, messages: Sequence[Command | Cancel]) -> list[Reply]:
        """All at once, as far as threads can."""
        barrier = threading.Barrier(len(messages))

        def one(message: Command | Cancel) -> Reply:
            barrier.wait(timeout=10)
            return self.ask(message)

        with ThreadPoolExecutor(len(messages)) as pool:
            return list(pool.map(one, messages))


def _holding(checks: Sequence[Check[Tested]]) -> Callable[[C], C]:
    """Gives a class a test for each check, called after its id."""

    def fill(tests: C) -> C:
        for check in checks:
            setattr(tests, f"test_{check.id.replace('-', '_')}", _as_test(check))
        return tests

    return fill


def _as_test(check: Check[Tested]) -> Callable[[Any, Subject], None]:
    def test(_self: Any, subject: Subject) -> None:
        check.run(subject)

    test.__doc__ = check.promise
    return test


@_holding([check for check in REGISTER_CHECKS if not check.needs & {Needs.COMPENSATION, Needs.HORIZON}])
class ParticipantRules:
    """Inherit, give the fixture ``subject``."""


@_holding([check for check in REGISTER_CHECKS if Needs.COMPENSATION in check.needs])
class CompensationRules(ParticipantRules):
    """The same for an action that has a compensation."""


@_holding([check for check in REGISTER_CHECKS if Needs.HORIZON in check.needs])
class PruningRules:
    """For a participant that forgets old registers; inherit it beside one of the others."""
