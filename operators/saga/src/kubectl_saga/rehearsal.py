"""What a cancel would do, found by doing it: the operator's own machine runs the saga on, and nothing is sent.

Every answer that it waits for is made up. A participant that is asked whether a step ran says what ``ran`` tells, a
register that stands for something else says so again (R6), and every compensation succeeds. So the order, the inputs
and the ids are those that the operator would use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace
from saga_operator.domain.definition import Definition, NotAccepted
from saga_operator.domain.effects import Effect, Finish, Publish, Store
from saga_operator.domain.events import Event, ReplyArrived, SagaSeen, Stored
from saga_operator.domain.kinds import Saga, Status
from saga_operator.domain.knowledge import KEY_REUSED
from saga_operator.domain.machine import Knowledge, advance, open_saga, render
from saga_operator.domain.references import Reference
from skald_wire import Address, Cancel, Command, Direction, Reply, ReplyType

JSON = Any
_MIDDLE: Final = 0.5
"""Instead of a random number: delays play no part, because everything that is due is sent at once."""


@dataclass(slots=True)
class Rehearsal:
    """How it went. ``asked`` and ``undone`` are in the order in which they would be sent."""

    knowledge: Knowledge
    status: Status = field(default_factory=Status)
    asked: list[Address] = field(default_factory=list)
    """Actions whose register would be asked, by a cancel, whether they ran."""
    undone: list[list[Command]] = field(default_factory=list)
    """Compensations; those in one list would be sent at the same time."""
    onward: list[Address] = field(default_factory=list)
    """Actions that would be sent all the same, because it is too late to go back."""

    @property
    def ended(self) -> bool:
        """Whether the saga came to its end."""
        return self.status.phase.terminal


def rehearse_cancel(
    definition: Definition | NotAccepted | None, saga: Saga, now: float, ran: Collection[str] = ()
) -> Rehearsal:
    """Run the saga on as if it were cancelled, and resumed, now. Steps under way have run if they are in ``ran``."""
    cancelled = replace(saga, spec=replace(saga.spec, cancel=True, suspend=None))
    course = Rehearsal(open_saga(cancelled), status=saga.status)
    events: deque[Event] = deque([SagaSeen(cancelled, authoritative=True)])
    while events and not course.onward:
        effects: list[Effect] = []
        for event in _all(events):
            course.knowledge, caused = advance(definition, course.knowledge, event, now, _MIDDLE)
            effects += caused
        events.extend(_answers(definition, course, effects, now, ran))
    return course


def _all(events: deque[Event]) -> Iterator[Event]:
    """What has happened by now; what is caused meanwhile comes in the next round."""
    for _ in range(len(events)):
        yield events.popleft()


def _answers(
    definition: Definition | NotAccepted | None,
    course: Rehearsal,
    effects: list[Effect],
    now: float,
    ran: Collection[str],
) -> Iterator[Event]:
    together: list[Command] = []
    for effect in effects:
        match effect:
            case Publish(Cancel(address, attempt)):
                course.asked.append(address)
                yield _answer_to_cancel(definition, course, address, attempt, ran)
            case Publish(Command(address) as command) if address.direction is Direction.BACKWARD:
                together.append(command)
                yield _reply(address, command.attempt, ReplyType.SUCCEEDED)
            case Publish(Command(address)):
                course.onward.append(address)
            case Finish():
                course.status = course.knowledge.saga.status
            case _:
                pass
    if together:
        course.undone.append(together)
    if any(isinstance(effect, Store) for effect in effects):
        course.status = render(definition, course.knowledge, now)
        yield Stored("rehearsed", course.status)


def _answer_to_cancel(
    definition: Definition | NotAccepted | None,
    course: Rehearsal,
    address: Address,
    attempt: int,
    ran: Collection[str],
) -> Event:
    assert isinstance(definition, Definition)
    error = course.knowledge.steps[definition.positions[address.step]].error
    if error is not None and error.code == KEY_REUSED:
        return _reply(address, attempt, ReplyType.FAILED, {"code": error.code, "message": error.message})
    if address.step not in ran:
        return _reply(address, attempt, ReplyType.CANCELLED)
    return _reply(address, attempt, ReplyType.SUCCEEDED, _unknown_output(definition, address.step))


def _reply(address: Address, attempt: int, kind: ReplyType, body: dict[str, JSON] | None = None) -> ReplyArrived:
    return ReplyArrived(
        Reply(
            command_id=address.command_id,
            type=kind,
            body=body or {},
            saga=address.saga,
            step=address.step,
            direction=address.direction,
            fingerprint=address.fingerprint,
            attempt=attempt,
        )
    )


def _unknown_output(definition: Definition, name: str) -> dict[str, JSON]:
    """An output in which each field that is referred to holds the reference itself, so that it shows in the inputs."""
    output: dict[str, JSON] = {}
    for reference in _references(definition):
        if reference.step == name:
            _put(output, reference)
    return output


def _references(definition: Definition) -> Iterator[Reference]:
    for step in definition.steps:
        yield from step.input.references
        if step.compensation is not None:
            yield from step.compensation.input.references


def _put(output: dict[str, JSON], reference: Reference) -> None:
    *parents, last = reference.path
    place = output
    for parent in parents:
        if not isinstance(place.get(parent), dict):
            place[parent] = {}
        place = place[parent]
    place.setdefault(last, str(reference))
