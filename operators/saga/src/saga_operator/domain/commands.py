"""The messages of the protocol, made from what is known. Nothing here decides whether one is sent."""

from __future__ import annotations

import re
from typing import Final

from skald_wire import Address, Cancel, Command, Direction, NotRepresentable, OnFailure, fingerprint

from saga_operator.domain import identity, memory, moments, record, stalls
from saga_operator.domain.definition import Step
from saga_operator.domain.effects import Publish
from saga_operator.domain.kinds import TRACEPARENT, SagaDecision
from saga_operator.domain.knowledge import Prepared, StepKnowledge
from saga_operator.domain.policy import Retry
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.turn import Turn

_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""A traceparent as the W3C writes it."""


def action(turn: Turn, step: Step) -> Prepared:
    """The step's action. Raises Unresolvable."""
    known = turn.known(step)
    if known.action is None:
        known = turn.change(step.index, action=_prepare(turn, step, Direction.FORWARD))
    assert known.action is not None
    return known.action


def compensation(turn: Turn, step: Step) -> Prepared:
    """The step's compensation; the step must have one. Raises Unresolvable."""
    known = turn.known(step)
    if known.compensation is None:
        known = turn.change(step.index, compensation=_prepare(turn, step, Direction.BACKWARD))
    assert known.compensation is not None
    return known.compensation


def send_action(turn: Turn, step: Step) -> None:
    """Publish the action, or publish it again under the same id (I3)."""
    prepared = action(turn, step)
    if turn.known(step).started_at is None:
        turn.change(step.index, started_at=turn.now)
    attempt = _next_attempt(turn, step, step.timeout, step.retry)
    _show_first_silence(turn, step)
    _publish_command(turn, step, prepared, attempt, retry_only=step.after_pivot)


def send_cancel(turn: Turn, step: Step, decision: SagaDecision | None) -> None:
    """Ask the register of the command at hand to become dead, or to say what it holds (I4, I6).

    The decision goes along, so that whoever meets the tombstone later knows what was decided.
    """
    backward = turn.direction is Direction.BACKWARD
    prepared = compensation(turn, step) if backward else action(turn, step)
    attempt = _next_attempt(turn, step, step.timeout, retry_of(turn, step))
    turn.change(step.index, cancels=turn.known(step).cancels + 1)
    cancel = Cancel(
        address=prepared.address,
        attempt=attempt,
        issued_at=moments.show(turn.now),
        decision=None if decision is None else record.to_body(decision),
        traceparent=_traceparent(turn),
    )
    _publish(turn, step, cancel)


def send_compensation(turn: Turn, step: Step) -> None:
    """Publish the compensation, or publish it again under the same id (I5)."""
    assert step.compensation is not None
    prepared = compensation(turn, step)
    if turn.known(step).started_at is None:
        turn.change(step.index, started_at=turn.now)
    attempt = _next_attempt(turn, step, step.compensation.timeout, turn.definition.compensation_retry)
    _show_first_silence(turn, step)
    _publish_command(turn, step, prepared, attempt, retry_only=True)


def _next_attempt(turn: Turn, step: Step, timeout: float, retry: Retry) -> int:
    """Counts the attempt, and sets when silence makes for another."""
    known = turn.change(step.index, attempts=turn.known(step).attempts + 1)
    turn.change(step.index, due=turn.now + timeout + wait_before_next(turn, step, known, retry))
    return known.attempts


def retry_of(turn: Turn, step: Step) -> Retry:
    """The policy of the command at hand."""
    return turn.definition.compensation_retry if turn.direction is Direction.BACKWARD else step.retry


def wait_before_next(turn: Turn, step: Step, known: StepKnowledge, retry: Retry) -> float:
    """Seconds between an attempt that has failed and the next one."""
    cannot_give_up = turn.direction is Direction.BACKWARD or step.after_pivot
    if cannot_give_up and stalls.fails(known, retry):
        return retry.pace(turn.chance())
    return retry.delay(known.attempts, turn.chance())


def _show_first_silence(turn: Turn, step: Step) -> None:
    """Worth a write, because the object still looks as if nothing had begun; the silences after it are not."""
    known = turn.known(step)
    if known.attempts == 2 and known.error is None:
        turn.checkpoint |= not memory.recall(step, turn.saga.status).attempts


def _publish_command(turn: Turn, step: Step, prepared: Prepared, attempt: int, *, retry_only: bool) -> None:
    forward_deadline = prepared.address.direction is Direction.FORWARD and not retry_only
    command = Command(
        address=prepared.address,
        input=prepared.input,
        attempt=attempt,
        on_failure=OnFailure.RETRY if retry_only else OnFailure.COMPENSATE,
        issued_at=moments.show(turn.now),
        deadline=moments.show(turn.before.deadline) if forward_deadline else None,
        traceparent=_traceparent(turn),
    )
    _publish(turn, step, command)


def _publish(turn: Turn, step: Step, message: Command | Cancel) -> None:
    """Each copy lives until the next one is due, so that no more than one of a command waits in its queue.

    What a participant finds at the head is then a question that is still open, however old the queue behind it: it
    gets through them at its own speed, also where that is far below the speed at which they are sent again.
    """
    turn.effects.append(Publish(message, expires_after=turn.known(step).due - turn.now))


def _traceparent(turn: Turn) -> str | None:
    """Nobody checks an annotation, and as a header an empty one is refused, a huge one closes the connection."""
    annotation = turn.saga.metadata.annotations.get(TRACEPARENT)
    return annotation if annotation is not None and _TRACE.fullmatch(annotation) else None


def _prepare(turn: Turn, step: Step, direction: Direction) -> Prepared:
    command, template = step.command, step.input
    action_id = None
    if direction is Direction.BACKWARD:
        assert step.compensation is not None
        command, template = step.compensation.command, step.compensation.input
        action_id = identity.id_of(turn.saga, step.name, Direction.FORWARD)
    resolved = template.resolve(turn.saga.spec.input, turn.output_of)
    try:
        print_of_content = fingerprint(turn.definition.name, step.name, command, resolved)
    except NotRepresentable as error:
        raise Unresolvable(f"the input cannot be sent: {error}") from None
    address = Address(
        command_id=identity.id_of(turn.saga, step.name, direction),
        saga_key=identity.key_of(turn.saga),
        saga=identity.title_of(turn.saga),
        step=step.name,
        participant=step.participant,
        command=command,
        direction=direction,
        fingerprint=print_of_content,
        action_id=action_id,
    )
    return Prepared(address, resolved)
