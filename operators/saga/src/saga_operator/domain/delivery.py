"""What the broker says of one's publishes (I8). Nothing rests on it; it paces, and shows what cannot be reached."""

from __future__ import annotations

from skald_wire import Direction

from saga_operator.domain import commands
from saga_operator.domain.definition import Step
from saga_operator.domain.events import Confirmed, Returned, Unconfirmed
from saga_operator.domain.turn import Turn


def note(turn: Turn, event: Confirmed | Returned | Unconfirmed) -> None:
    """An attempt that reached no queue does not count; it is made again, with backoff of its own."""
    for step, known in zip(turn.definition.steps, turn.steps, strict=True):
        prepared = known.compensation if turn.direction is Direction.BACKWARD else known.action
        if prepared is not None and prepared.address.command_id == event.command_id:
            _note_step(turn, step, event)


def send_again(turn: Turn) -> None:
    """There is a new reply queue: whatever awaits an answer would miss it otherwise."""
    for index in range(len(turn.steps)):
        turn.change(index, due=0.0)


def _note_step(turn: Turn, step: Step, event: Confirmed | Returned | Unconfirmed) -> None:
    known = turn.known(step)
    if isinstance(event, Confirmed):
        turn.checkpoint |= known.unroutable
        turn.change(step.index, unsent=0, unroutable=False)
    elif event.attempt == known.attempts:
        unsent = known.unsent + 1
        retry = commands.retry_of(turn, step)
        turn.change(
            step.index,
            attempts=known.attempts - 1,
            cancels=known.cancels - event.cancel,
            unsent=unsent,
            unroutable=isinstance(event, Returned),
            due=turn.now + retry.delay_unsent(unsent, turn.chance()),
        )
