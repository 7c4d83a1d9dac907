"""Rules taken away, one at a time, to show that the simulator notices."""

from __future__ import annotations

from dataclasses import replace as with_fields

from msgspec.structs import replace
from saga_operator.domain import backward, commands, forward, seal
from saga_operator.domain.kinds import StepState
from saga_operator.domain.knowledge import Verdict
from saga_operator.simulator.participant import Effect, Move, RegisterKeeper
from skald_wire import Direction


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


class SaysFinalOfWhatItDoesNotRegister(RegisterKeeper):
    """R3: a failure that nothing holds is answered as final."""

    def _do(self, register, message, now):
        moves = super()._do(register, message, now)
        return [with_fields(move, register=register) if move.label == "fails for good" else move for move in moves]


class ForgetsCancels(RegisterKeeper):
    """R2: a cancel is answered, and nothing is written."""

    def _cancel(self, register, message):
        return with_fields(super()._cancel(register, message), register=register)


class RunsTwice(RegisterKeeper):
    """R2: a command that meets its own outcome has its effect again."""

    def moves(self, register, message, now):
        moves = super().moves(register, message, now)
        if register.action is not None and register.action.outcome == "executed" and moves[0].label == "answers":
            return [Move("executes again", register, Effect.DONE, moves[0].answer)]
        return moves
