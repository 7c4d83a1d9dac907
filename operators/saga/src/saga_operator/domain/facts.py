"""What the participants say, recorded. A reply never overwrites a known outcome (I2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from skald_wire import Direction, NotRepresentable, Reply, ReplyType, normalise

from saga_operator.domain import commands, reach, record
from saga_operator.domain.definition import Step
from saga_operator.domain.kinds import StepError, StepState
from saga_operator.domain.knowledge import CANCELLED, KEY_REUSED, MESSAGE_LENGTH, Prepared, as_heard
from saga_operator.domain.memory import begin_undo
from saga_operator.domain.policy import Retry
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.turn import Turn

JSON = Any
_BY_HAND: Final = ("Skip", "Complete")
OUTPUT_REJECTED: Final = "OutputRejected"
"""Error code of a step that ran, but whose output cannot be stored: it is done, and has no output."""
_CODE_LENGTH: Final = 63


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
    if turn.known(step).action is None and step.needs & ~turn.done() and step.needs & ~reach.passed(turn):
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
        case ReplyType.CANCELLED if outcome is None:
            _hear_dead_action(turn, step, reply)
        case ReplyType.CANCELLED if outcome is StepState.SUCCEEDED and step.compensation is not None:
            turn.steps[step.index] = begin_undo(turn.known(step))
            turn.settle(step.index, StepState.COMPENSATED)
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
        case ReplyType.CANCELLED if outcome is StepState.SUCCEEDED and turn.direction is Direction.BACKWARD:
            _hear_dead_compensation(turn, step, reply)
        case ReplyType.FAILED if outcome is StepState.SUCCEEDED and turn.direction is Direction.BACKWARD:
            _note_failure(turn, step, reply, _error(reply))
        case _:
            pass


def _hear_dead_action(turn: Turn, step: Step, reply: Reply) -> None:
    carried = record.carried(reply)
    if carried is not None and carried.applied.action in _BY_HAND and _may_be_decided(step, carried):
        decide(turn, step, carried)
        return
    _remember_abort(turn, carried)
    if step.after_pivot:
        _note_failure(turn, step, reply, StepError(CANCELLED, "its register is dead, so it will never run"))
    else:
        turn.settle(step.index, StepState.CANCELLED)


def _hear_dead_compensation(turn: Turn, step: Step, reply: Reply) -> None:
    carried = record.carried(reply)
    if carried is not None and carried.applied.action in _BY_HAND:
        decide(turn, step, carried)
        return
    _remember_abort(turn, carried)
    _note_failure(turn, step, reply, StepError(CANCELLED, "its register is dead, so it will never be undone by this"))


def _may_be_decided(step: Step, carried: record.Carried) -> bool:
    return not (step.pivot and carried.applied.action == "Skip")


def _remember_abort(turn: Turn, carried: record.Carried | None) -> None:
    if carried is not None and carried.applied.action == "Abort":
        turn.applied = record.add(turn.applied, carried.applied)


def decide(turn: Turn, step: Step, carried: record.Carried) -> None:
    """A Skip or Complete takes effect: the command at hand never runs, and this is what counts instead."""
    by_hand = carried.applied.action == "Complete"
    turn.applied = record.add(turn.applied, carried.applied)
    if turn.direction is Direction.BACKWARD and turn.known(step).outcome is StepState.SUCCEEDED:
        outcome = StepState.COMPENSATED if by_hand else StepState.WAIVED
        turn.settle(step.index, outcome, error=None, decision=carried.applied.uid)
    elif by_hand:
        output, error = _accept_output(turn, step, carried.output or {})
        turn.settle(step.index, StepState.COMPLETED, output=output, error=error, decision=carried.applied.uid)
    else:
        turn.settle(step.index, StepState.SKIPPED, error=None, decision=carried.applied.uid)


def _is_fact(reply: Reply) -> bool:
    return reply.code != KEY_REUSED


def _succeed(turn: Turn, step: Step, reply: Reply) -> None:
    output, error = _accept_output(turn, step, reply.body)
    turn.settle(step.index, StepState.SUCCEEDED, output=output, error=error)


def _accept_output(turn: Turn, step: Step, body: Mapping[str, JSON]) -> tuple[dict[str, JSON] | None, StepError | None]:
    """The output as it is stored, or why it is dropped. Depends on nothing but the saga, so all operators agree."""
    limit = turn.before.output_limit
    try:
        output = normalise(dict(body))
    except NotRepresentable as error:
        problem = str(error)
    else:
        size = len(msgspec.json.encode(output))
        if size <= limit:
            return output or None, None
        problem = f"it has {size} bytes of JSON, and this saga has room for {limit} per step"
    sentence = f"the output of step {step.name} cannot be stored: {problem}"
    return None, StepError(OUTPUT_REJECTED, sentence[:MESSAGE_LENGTH])


def _note_failure(turn: Turn, step: Step, reply: Reply, error: StepError) -> None:
    """No fact (I2): it moves the retry clock, and counts once per attempt."""
    known = turn.known(step)
    if reply.attempt <= known.failed_attempt:
        return
    retry: Retry = step.retry if reply.direction is Direction.FORWARD else turn.definition.compensation_retry
    turn.checkpoint |= known.error is None or known.error.code != error.code
    failed = turn.change(step.index, error=error, failures=known.failures + 1, failed_attempt=reply.attempt)
    wait = retry.maximum if error.code == KEY_REUSED else commands.wait_before_next(turn, step, failed, retry)
    turn.change(step.index, due=turn.now + wait)


def _error(reply: Reply) -> StepError:
    return StepError(as_heard(reply.code[:_CODE_LENGTH]), reply.message[:MESSAGE_LENGTH])
