"""What the object and the participants say, recorded. A reply never overwrites a known outcome (I2)."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace
from skald_wire import Direction, NotRepresentable, Reply, ReplyType, normalise
from skald_wire.names import OUTPUT_LIMIT

from saga_operator.domain import commands, moments
from saga_operator.domain.definition import Step
from saga_operator.domain.kinds import Status, StepError, StepState, StepStatus
from saga_operator.domain.knowledge import DEAD, DONE, KEY_REUSED, Prepared, StepKnowledge
from saga_operator.domain.policy import Retry
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.turn import Turn

OUTPUT_REJECTED: Final = "OutputRejected"
"""Error code of a step that ran, but whose output cannot be stored: it is done, and has no output."""
CANCELLED: Final = "Cancelled"
"""Error code of a step after the pivot whose register is dead, so that it cannot go forward by itself."""
_MESSAGE_LENGTH: Final = 500
"""Characters of a participant's sentence that are kept, because they lie in etcd."""
_CODE_LENGTH: Final = 63


def recall(stored: StepStatus, direction: Direction | None) -> StepKnowledge:
    """What a stored status says of a step."""
    known = StepKnowledge(
        output=stored.output,
        error=stored.error,
        attempts=stored.attempts or 0,
        failures=stored.failures or 0,
        failed_attempt=stored.attempts or 0,
        started_at=moments.parse(stored.started_at) if stored.started_at else None,
        finished_at=moments.parse(stored.finished_at) if stored.finished_at else None,
    )
    if stored.state is StepState.COMPENSATING:
        return replace(known, outcome=StepState.SUCCEEDED)
    if stored.state in DONE or stored.state in DEAD:
        known = replace(known, outcome=stored.state)
    if known.outcome is StepState.SUCCEEDED and direction is Direction.BACKWARD:
        return replace(known, attempts=0, failures=0, failed_attempt=0)  # they were the action's
    return known


def merge(turn: Turn, status: Status) -> None:
    """Take what the object knows and this operator does not. One's own facts are kept (I7)."""
    for name, stored in status.steps.items():
        index = turn.definition.positions.get(name)
        if index is None:
            continue
        ours, theirs = turn.steps[index], recall(stored, status.direction)
        if theirs.outcome is None or theirs.outcome is ours.outcome:
            continue
        if ours.outcome is None or ours.outcome is StepState.SUCCEEDED:
            turn.steps[index] = theirs


def exceed(turn: Turn, status: Status) -> bool:
    """Whether more is known here than the object holds."""
    for step, known in zip(turn.definition.steps, turn.steps, strict=True):
        stored = status.steps.get(step.name, StepStatus())
        if known.outcome is not None and recall(stored, status.direction).outcome is None:
            return True
    return False


def hear(turn: Turn, reply: Reply) -> None:
    """Record what a register holds, if the reply is about this saga's content."""
    index = turn.definition.positions.get(reply.step)
    if index is None:
        return
    step = turn.definition.steps[index]
    if step.approval or (reply.direction is Direction.BACKWARD and step.compensation is None):
        return
    try:
        prepared = _prepared(turn, step, reply.direction)
    except Unresolvable:
        _keep_for_later(turn, step, reply)
        return
    if (reply.command_id, reply.fingerprint) != (prepared.address.command_id, prepared.address.fingerprint):
        return
    _note_arrival(turn, step, reply)
    if reply.direction is Direction.FORWARD:
        _hear_of_action(turn, step, reply)
    else:
        _hear_of_compensation(turn, step, reply)


def hear_early(turn: Turn, step: Step) -> None:
    """The step is reached: replies that came before it was can be checked now."""
    for reply in [reply for reply in turn.early if reply.step == step.name]:
        turn.early = tuple(other for other in turn.early if other is not reply)
        hear(turn, reply)


def _prepared(turn: Turn, step: Step, direction: Direction) -> Prepared:
    if direction is Direction.BACKWARD:
        return commands.compensation(turn, step)
    if turn.known(step).action is None and step.needs & ~turn.done():
        raise Unresolvable(f"the step {step.name} is not reached")
    return commands.action(turn, step)


def _keep_for_later(turn: Turn, step: Step, reply: Reply) -> None:
    fact = reply.direction is Direction.FORWARD and (reply.type is not ReplyType.FAILED or reply.final)
    if fact and turn.known(step).outcome is None:
        others = tuple(other for other in turn.early if other.command_id != reply.command_id)
        turn.early = (*others, reply)


def _note_arrival(turn: Turn, step: Step, reply: Reply) -> None:
    """An answer proves that the attempt reached its queue, whatever the broker said of it."""
    known = turn.known(step)
    if known.unsent:
        turn.change(step.index, attempts=max(known.attempts, reply.attempt), unsent=0, unroutable=False)


def _hear_of_action(turn: Turn, step: Step, reply: Reply) -> None:
    outcome = turn.known(step).outcome
    match reply.type:
        case ReplyType.SUCCEEDED if outcome is None:
            _succeed(turn, step, reply)
        case ReplyType.CANCELLED if outcome is None and step.after_pivot:
            _note_failure(turn, step, reply, StepError(CANCELLED, "its register is dead, so it will never run"))
        case ReplyType.CANCELLED if outcome is None:
            turn.settle(step.index, StepState.CANCELLED)
        case ReplyType.CANCELLED if outcome is StepState.SUCCEEDED and step.compensation is not None:
            turn.settle(step.index, StepState.COMPENSATED, error=None)
        case ReplyType.FAILED if outcome is None and reply.final and not step.after_pivot and _is_fact(reply):
            turn.settle(step.index, StepState.FAILED, error=_error(reply), failures=turn.known(step).failures + 1)
        case ReplyType.FAILED if outcome is None and turn.direction is Direction.FORWARD:
            _note_failure(turn, step, reply, _error(reply))
        case _:
            pass


def _hear_of_compensation(turn: Turn, step: Step, reply: Reply) -> None:
    outcome = turn.known(step).outcome
    match reply.type:
        case ReplyType.SUCCEEDED if outcome is StepState.SUCCEEDED:
            turn.settle(step.index, StepState.COMPENSATED, error=None)
        case ReplyType.SUCCEEDED if outcome is None:
            turn.settle(step.index, StepState.CANCELLED)  # undone, or dead before it ran: never in force again
        case ReplyType.CANCELLED if outcome is StepState.SUCCEEDED:
            turn.settle(step.index, StepState.WAIVED, error=None)
        case ReplyType.FAILED if outcome is StepState.SUCCEEDED and turn.direction is Direction.BACKWARD:
            _note_failure(turn, step, reply, _error(reply))
        case _:
            pass


def _is_fact(reply: Reply) -> bool:
    return reply.code != KEY_REUSED


def _succeed(turn: Turn, step: Step, reply: Reply) -> None:
    problem = output = None
    try:
        output = normalise(dict(reply.body))
        if (size := len(msgspec.json.encode(output))) > OUTPUT_LIMIT:
            problem = f"it has {size} bytes, more than {OUTPUT_LIMIT}"
    except NotRepresentable as error:
        problem = str(error)
    if problem is None:
        turn.settle(step.index, StepState.SUCCEEDED, output=output or None, error=None)
    else:
        rejected = StepError(OUTPUT_REJECTED, f"the output of step {step.name} cannot be stored: {problem}")
        turn.settle(step.index, StepState.SUCCEEDED, error=rejected)


def _note_failure(turn: Turn, step: Step, reply: Reply, error: StepError) -> None:
    """No fact (I2): it moves the retry clock, and counts once per attempt."""
    known = turn.known(step)
    if reply.attempt <= known.failed_attempt:
        return
    retry: Retry = step.retry if reply.direction is Direction.FORWARD else turn.definition.compensation_retry
    wait = retry.maximum if error.code == KEY_REUSED else retry.delay(known.attempts, turn.chance())
    turn.checkpoint |= known.error is None or known.error.code != error.code
    turn.change(
        step.index,
        error=error,
        failures=known.failures + 1,
        failed_attempt=reply.attempt,
        due=turn.now + wait,
    )


def _error(reply: Reply) -> StepError:
    return StepError(reply.code[:_CODE_LENGTH], reply.message[:_MESSAGE_LENGTH])
