"""Rules taken away, one at a time, to show that the simulator notices. ``patch`` is pytest's monkeypatch."""

from __future__ import annotations

from dataclasses import replace as with_fields

from msgspec.structs import replace
from saga_operator.domain import backward, commands, decisions, facts, forward, identity, reach, seal
from saga_operator.domain.kinds import StepState
from saga_operator.domain.knowledge import Verdict
from saga_operator.simulator.participant import Book, Effect, RegisterKeeper
from skald_wire import Cancel, Command, Direction, ReplyType, command_id, register
from skald_wire.register import Answer, Outcome, Run, Write


def ids_without_direction(patch):
    """I1: an action and its compensation share one id."""
    patch.setattr(
        identity,
        "id_of",
        lambda saga, step, direction: command_id("simulated", saga.idempotency_key, step, Direction.FORWARD.kind),
    )


def ids_of_the_object(patch):
    """I1: an id is computed from the object's uid, so it changes when the object is created again."""
    patch.setattr(
        identity,
        "id_of",
        lambda saga, step, direction: command_id("simulated", saga.metadata.uid, step, direction.kind),
    )


def no_fingerprint(patch):
    """I1, R6: what a command is about is not compared."""
    patch.setattr(commands, "fingerprint", lambda *_: "the same for all")


def a_participants_code_is_the_operators_own(patch):
    """I2: a Failed whose code says Cancelled is taken for a dead register."""
    patch.setattr(facts, "as_heard", lambda code: code)


def nothing_is_sealed(patch):
    """I4: steps beside the dead one are left to run."""
    patch.setattr(seal, "open_steps", lambda turn: [])


def a_reason_is_enough(patch):
    """I4: the saga turns back although no step is dead."""

    def go(turn):
        turn.cause = turn.cause or seal._reason(turn)
        if turn.cause is not None:
            turn.verdict = Verdict.BACKWARD
        return turn.cause is not None

    patch.setattr(seal, "go", go)


def silence_is_an_answer(patch):
    """I4: a cancel counts when it is sent."""
    send = commands.send_cancel

    def send_and_believe(turn, step, decision):
        send(turn, step, decision)
        turn.settle(step.index, StepState.CANCELLED)

    patch.setattr(commands, "send_cancel", send_and_believe)


def only_first_steps_are_sealed(patch):
    """I4: a step that a success has opened is not sealed."""
    opened = seal.open_steps
    patch.setattr(seal, "open_steps", lambda turn: [step for step in opened(turn) if not step.needs])


def steps_after_the_pivot_are_cancelled_too(patch):
    """I4: a seal asks every step, also those that only ever go forward."""

    def everything_unknown(turn):
        unknown = [step for step in turn.definition.steps if turn.known(step).outcome is None]
        return [step for step in unknown if not step.approval and seal._can_be_sent(turn, step)]

    patch.setattr(seal, "open_steps", everything_unknown)


def a_pending_approval_hides_what_is_behind(patch):
    """I4: the seal stops at an approval that this operator has not seen given."""
    passed = reach.passed

    def behind_nothing_pending(turn):
        pending = sum(step.dependants for step in turn.definition.steps if step.bit & passed(turn) & ~turn.done())
        return [step for step in opened(turn) if not step.bit & pending]

    opened = seal.open_steps
    patch.setattr(seal, "open_steps", behind_nothing_pending)


def a_choice_is_as_good_as_written(patch):
    """I5: compensations are published before the flip is stored."""
    go = forward.go

    def go_and_undo(turn):
        go(turn)
        if turn.verdict is Verdict.BACKWARD:
            turn.saga = replace(turn.saga, status=replace(turn.saga.status, direction=Direction.BACKWARD))
            backward.go(turn)
            turn.saga = turn.before.saga

    patch.setattr(forward, "go", go_and_undo)


def steps_are_undone_in_any_order(patch):
    """I5: dependants are not waited for."""
    patch.setattr(backward, "_may_be_undone", lambda turn, step, to_undo, stalled: True)


def a_decision_is_enough(patch):
    """I6: Skip and Complete take effect before the register has said that the command never ran."""
    patch.setattr(decisions, "never_runs", lambda known: True)


def approvals_are_given_by_silence(patch):
    """S9: a step does not wait for the approval before it."""
    conclude = forward.conclude

    def conclude_and_pass(turn):
        conclude(turn)
        for step in turn.definition.steps:
            if step.approval and turn.known(step).outcome is None and turn.known(step).started_at is not None:
                turn.settle(step.index, StepState.SUCCEEDED)

    patch.setattr(forward, "conclude", conclude_and_pass)


def cancels_are_forgotten(patch):
    """R2: a cancel is answered, and nothing is written."""

    def meet(kept, message, now, horizon=None, original=register.meet):
        meeting = original(kept, message, now, horizon)
        return meeting.answer if isinstance(message, Cancel) and isinstance(meeting, Write) else meeting

    patch.setattr(register, "meet", meet)


def commands_run_twice(patch):
    """R2: a command that meets its own outcome has its effect again."""

    def meet(kept, message, now, horizon=None, original=register.meet):
        entry = kept.get(message.address.command_id)
        executed = entry is not None and entry.outcome is Outcome.EXECUTED
        return Run() if executed and isinstance(message, Command) else original(kept, message, now, horizon)

    patch.setattr(register, "meet", meet)


def final_is_said_of_what_is_not_written(patch):
    """R3: a failure that nothing holds is answered as final."""

    def fail(command, code, message, *, retryable):
        return Answer(ReplyType.FAILED, {"code": code, "message": message}, final=not retryable)

    patch.setattr(register, "fail", fail)


def nothing_to_undo_leaves_nothing(patch):
    """R4: a compensation that finds no action leaves no tombstone for it."""

    def meet(kept, message, now, horizon=None, original=register.meet):
        meeting = original(kept, message, now, horizon)
        if isinstance(meeting, Write) and len(meeting.changes) > 1:
            own = message.address.command_id
            return with_fields(meeting, changes={own: meeting.changes[own]})
        return meeting

    patch.setattr(register, "meet", meet)


def begun_work_is_not_turned_first(patch):
    """R5: a cancel that meets begun work answers at once, and leaves the work to itself."""

    def meet(kept, message, now, horizon=None, original=register.meet):
        meeting = original(kept, message, now, horizon)
        begun = isinstance(meeting, register.Settle) and isinstance(message, Cancel)
        return Answer(ReplyType.CANCELLED) if begun else meeting

    patch.setattr(register, "meet", meet)


class LosesItsBook(RegisterKeeper):
    """A participant whose database is restored, just before a compensation, to when the action had not come yet.

    The effect is lost with the register, so all is well as long as the late action does not run after its compensation.
    """

    def moves(self, book, message, now):
        moves = super().moves(book, message, now)
        undoes = isinstance(message, Command) and message.address.direction is Direction.BACKWARD
        if not undoes or moves[0].effect is not Effect.UNDONE:
            return moves
        lost = [
            with_fields(move, label=f"is restored and {move.label}", effect=Effect.TAKEN_BACK)
            for move in super().moves(Book(), message, now)
        ]
        return [*moves, *lost]
