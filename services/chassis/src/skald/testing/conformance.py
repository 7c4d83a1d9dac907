# ruff: noqa: N802 - rule ids keep their spelling in the names
"""What every participant must keep, as tests to inherit: R1 to R6 against its real handlers and its real database.

class TestReserve(CompensationRules):
    @pytest.fixture
    def subject(self, ...) -> Subject:
        return Subject(participant, "reserve", {"lines": [...]}, effects=count_holds,
                       compensation="release", compensation_input=lambda output: {...})
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from skald_wire import Cancel, Command, Reply, ReplyType

from skald.messaging.participant import Participant
from skald.testing.messages import SagaStep, cancel, delivered, with_other_content

__all__ = ["CompensationRules", "ParticipantRules", "Subject"]

JSON = Any


@dataclass
class Subject:
    """One action of a participant, and how to see from outside whether its effect is in force."""

    participant: Participant[Any]
    action: str
    action_input: Mapping[str, JSON]
    effects: Callable[[str], int]
    """How often the action is in force for a saga key: 0 or 1, or the rule is broken."""
    compensation: str | None = None
    compensation_input: Callable[[Mapping[str, JSON]], Mapping[str, JSON]] = dict
    """From the action's output."""
    before: Callable[[SagaStep], None] = lambda _step: None
    """Brings the saga to where the action may come."""

    def step(self) -> SagaStep:
        """A step of a saga that nobody has heard of."""
        step = SagaStep(self.participant.name, f"test-{uuid.uuid4()}", self.action)
        self.before(step)
        return step

    def act(self, step: SagaStep) -> Command:
        """The action."""
        return step.action(self.action, self.action_input)

    def undo(self, step: SagaStep, output: Mapping[str, JSON]) -> Command:
        """Its compensation. Raises LookupError where there is none."""
        if self.compensation is None:
            raise LookupError(f"{self.action} has no compensation")
        return step.compensation(self.compensation, self.compensation_input(output))

    def send(self, message: Command | Cancel) -> Reply:
        """The participant's reply, by way of the wire format."""
        return self.participant.answer(self.participant.read(delivered(message)))


class ParticipantRules:
    """Inherit, give the fixture ``subject``."""

    def test_R1_the_action_has_its_effect(self, subject: Subject) -> None:
        """Once, and says so."""
        step = subject.step()
        assert subject.send(subject.act(step)).type is ReplyType.SUCCEEDED
        assert subject.effects(step.saga_key) == 1

    def test_R2_a_duplicate_gets_the_same_reply_and_has_no_effect(self, subject: Subject) -> None:
        """Also after a crash between effect and reply: nobody but the register knows the difference."""
        step = subject.step()
        first = subject.send(subject.act(step))
        again = subject.send(subject.act(step))
        assert (again.type, again.body) == (first.type, first.body)
        assert subject.effects(step.saga_key) == 1

    def test_R2_duplicates_at_the_same_time_have_one_effect(self, subject: Subject) -> None:
        """Two workers may hold one message."""
        step = subject.step()
        replies = _together(*[lambda: subject.send(subject.act(step))] * 4)
        assert {one.type for one in replies} == {ReplyType.SUCCEEDED}
        assert len({str(one.body) for one in replies}) == 1
        assert subject.effects(step.saga_key) == 1

    def test_R2_a_cancel_before_the_action_bars_it(self, subject: Subject) -> None:
        """A dangling action finds the tombstone."""
        step = subject.step()
        assert subject.send(cancel(subject.act(step))).type is ReplyType.CANCELLED
        assert subject.send(subject.act(step)).type is ReplyType.CANCELLED
        assert subject.effects(step.saga_key) == 0

    def test_R2_a_cancel_after_the_action_is_answered_with_its_reply(self, subject: Subject) -> None:
        """Too late is no failure."""
        step = subject.step()
        ran = subject.send(subject.act(step))
        late = subject.send(cancel(subject.act(step)))
        assert (late.type, late.body) == (ran.type, ran.body)
        assert subject.effects(step.saga_key) == 1

    def test_R5_a_cancel_during_the_action_leaves_it_done_or_undone_but_never_half(self, subject: Subject) -> None:
        """Both are answered alike, and the world agrees."""
        for _ in range(5):
            step = subject.step()
            replies = _together(
                lambda step=step: subject.send(subject.act(step)),  # type: ignore[misc]
                lambda step=step: subject.send(cancel(subject.act(step))),  # type: ignore[misc]
            )
            facts = {one.type for one in replies}
            assert len(facts) == 1, facts
            assert subject.effects(step.saga_key) == (1 if ReplyType.SUCCEEDED in facts else 0)

    def test_R6_the_same_id_with_other_content_changes_nothing(self, subject: Subject) -> None:
        """Neither the effect nor the answer to the right content."""
        step = subject.step()
        ran = subject.send(subject.act(step))
        wrong = subject.send(with_other_content(subject.act(step)))
        assert (wrong.type, wrong.final, wrong.code) == (ReplyType.FAILED, False, "KeyReused")
        assert subject.send(subject.act(step)).body == ran.body
        assert subject.effects(step.saga_key) == 1

    def test_R3_input_that_makes_no_sense_is_a_final_failure_without_effect(self, subject: Subject) -> None:
        """Registered, so that the saga need not wait for it."""
        step = subject.step()
        reply = subject.send(step.action(subject.action, {"nonsense": [1, 2, 3]}))
        assert (reply.type, reply.final, reply.code) == (ReplyType.FAILED, True, "InvalidInput")
        assert subject.effects(step.saga_key) == 0


class CompensationRules(ParticipantRules):
    """The same for an action that has a compensation."""

    def test_R4_a_compensation_without_action_succeeds_and_bars_it(self, subject: Subject) -> None:
        """Null compensation, then the dangling action."""
        step = subject.step()
        assert subject.send(subject.undo(step, _any_output(subject))).type is ReplyType.SUCCEEDED
        assert subject.send(subject.act(step)).type is ReplyType.CANCELLED
        assert subject.effects(step.saga_key) == 0

    def test_R2_R4_a_compensation_undoes_once_and_the_action_stays_undone(self, subject: Subject) -> None:
        """Whatever is repeated afterwards."""
        step = subject.step()
        output = subject.send(subject.act(step)).body
        undone = subject.send(subject.undo(step, output))
        assert undone.type is ReplyType.SUCCEEDED
        assert subject.effects(step.saga_key) == 0
        assert subject.send(subject.undo(step, output)).body == undone.body
        assert subject.send(subject.act(step)).type is ReplyType.CANCELLED
        assert subject.effects(step.saga_key) == 0


def _any_output(subject: Subject) -> Mapping[str, JSON]:
    """An output such as the action gives, of another saga."""
    return subject.send(subject.act(subject.step())).body


def _together(*calls: Callable[[], Reply]) -> list[Reply]:
    """All at once, as far as threads can."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], Reply]) -> Reply:
        barrier.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))
