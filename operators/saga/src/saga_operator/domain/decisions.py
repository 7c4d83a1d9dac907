"""What people decide (I6): judged against a fresh read, carried out once, and answered when that is durable."""

from __future__ import annotations

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain import backward, commands, facts, forward, record, seal
from saga_operator.domain.definition import Step
from saga_operator.domain.effects import AnswerDecision, Look
from saga_operator.domain.judgement import never_runs, objection
from saga_operator.domain.kinds import Saga, SagaDecision, StepError, StepState
from saga_operator.domain.knowledge import KEY_REUSED, MESSAGE_LENGTH, REJECTED, Asked, Verdict
from saga_operator.domain.references import Unresolvable
from saga_operator.domain.turn import Turn


def answer_for(saga: Saga | None, decision: SagaDecision) -> AnswerDecision | None:
    """The answer that the object alone gives; None while it is for the machine to judge."""
    if saga is None:
        return _refuse(decision, f"there is no saga {decision.spec.saga} in this namespace")
    if any(each.uid == decision.metadata.uid for each in saga.status.decisions):
        return AnswerDecision(decision, "Applied", _told(decision))
    if saga.status.phase.terminal:
        return _refuse(decision, f"the saga has ended as {saga.status.phase}")
    return None


def ask(turn: Turn, decision: SagaDecision) -> None:
    """Somebody decided. The object is read again before that is judged."""
    if any(asked.decision.metadata.uid == decision.metadata.uid for asked in turn.asked):
        return
    turn.asked = (*turn.asked, Asked(decision))
    if answer_for(turn.saga, decision) is None:
        turn.effects.append(Look())


def ask_again(turn: Turn) -> None:
    """The saga turned round: what was being carried out is about another command now."""
    if turn.asked:
        turn.asked = tuple(replace(asked, accepted=False) for asked in turn.asked)
        turn.effects.append(Look())


def carry_out(turn: Turn) -> None:
    """Do what was decided, as far as it makes sense and the object was just read."""
    if turn.direction is Direction.FORWARD:
        forward.conclude(turn)
    for asked in turn.asked:
        if asked.accepted or _is_recorded(turn, asked.decision):
            _settle_if_dead(turn, asked)
        elif turn.looked:
            _judge(turn, asked)


def conclude(turn: Turn) -> None:
    """Answer what is durable, and what has become senseless."""
    for asked in turn.asked:
        _conclude_reject(turn, asked)
        answer = answer_for(turn.saga, asked.decision)
        if answer is None and asked.accepted and not _is_recorded(turn, asked.decision):
            answer = _overtaken(turn, asked.decision)
        if answer is not None:
            _answer(turn, asked, answer)


def abort(turn: Turn) -> bool:
    """Whether an Abort is in force here: nothing more is done, and nothing is undone."""
    if not any(each.action == "Abort" for each in turn.applied):
        return False
    turn.verdict = Verdict.ABORTED
    return True


def _judge(turn: Turn, asked: Asked) -> None:
    decision = asked.decision
    problem = objection(turn, decision)
    if problem is not None:
        _answer(turn, asked, _refuse(decision, problem))
        return
    accepted = replace(asked, accepted=True)
    turn.asked = tuple(accepted if each is asked else each for each in turn.asked)
    match decision.spec.action:
        case "Abort":
            _cancel_everything(turn, decision)
            _record(turn, decision)
        case "Approve":
            turn.settle(_step(turn, decision).index, StepState.SUCCEEDED, decision=decision.metadata.uid)
            _record(turn, decision)
        case "Reject":
            refusal = StepError(REJECTED, f"{decision.spec.by}: {decision.spec.reason}"[:MESSAGE_LENGTH])
            turn.change(_step(turn, decision).index, error=refusal)
            turn.checkpoint = True
        case "Retry":
            turn.change(_step(turn, decision).index, due=0.0)
            _record(turn, decision)
        case "Skip" | "Complete":
            turn.change(_step(turn, decision).index, due=0.0, cancels=0)
            _settle_if_dead(turn, accepted)


def _settle_if_dead(turn: Turn, asked: Asked) -> None:
    """Where the command is known never to run nobody needs to be asked: the status says what was decided."""
    decision = asked.decision
    if decision.spec.action not in ("Skip", "Complete"):
        return
    step = _step(turn, decision)
    if turn.deciding(step) is decision and never_runs(turn.known(step)):
        facts.decide(turn, step, record.Carried(record.of(decision), decision.spec.output))


def _conclude_reject(turn: Turn, asked: Asked) -> None:
    goes_back = turn.direction is Direction.BACKWARD or turn.verdict in (Verdict.BACKWARD, Verdict.COMPENSATED)
    if asked.accepted and asked.decision.spec.action == "Reject" and goes_back:
        _record(turn, asked.decision)


def _overtaken(turn: Turn, decision: SagaDecision) -> AnswerDecision | None:
    """What was being carried out, and can no longer be."""
    step = _step(turn, decision)
    known = turn.known(step)
    undoing = turn.direction is Direction.BACKWARD
    # an error of before the cancel may be mended, and a cancel that was lost is sent again
    answered = known.cancels and not known.unsent and known.failed_attempt >= known.attempts
    if answered and known.error is not None and known.error.code == KEY_REUSED:
        return _refuse(decision, f"its command id stands for other content: {known.error.message}")
    if known.outcome is None or (undoing and known.outcome is StepState.SUCCEEDED and step.compensation is not None):
        return None
    if decision.spec.action == "Reject":
        return _refuse(decision, f"it is too late: what step {step.name} guards has run")
    return _refuse(decision, f"it is too late: step {step.name} is {known.outcome}")


def _cancel_everything(turn: Turn, decision: SagaDecision) -> None:
    """Not waited for: an aborted saga stays as it is, whatever that is."""
    if turn.direction is Direction.BACKWARD:
        steps = backward.undoable(turn)
    else:
        before_pivot = seal.open_steps(turn)
        steps = [*before_pivot, *(step for step in forward.reached(turn) if step not in before_pivot)]
    for step in steps:
        try:
            commands.send_cancel(turn, step, decision)
        except Unresolvable:
            continue  # a command that cannot be made was never sent


def _record(turn: Turn, decision: SagaDecision) -> None:
    turn.applied = record.add(turn.applied, record.of(decision))
    turn.checkpoint = True


def _is_recorded(turn: Turn, decision: SagaDecision) -> bool:
    return any(each.uid == decision.metadata.uid for each in turn.applied)


def _answer(turn: Turn, asked: Asked, answer: AnswerDecision) -> None:
    turn.asked = tuple(each for each in turn.asked if each.decision is not asked.decision)
    turn.effects.append(answer)
    if answer.state == "Applied":
        turn.announce("Normal", "DecisionApplied", answer.message)


def _step(turn: Turn, decision: SagaDecision) -> Step:
    assert decision.spec.step is not None
    return turn.definition.steps[turn.definition.positions[decision.spec.step]]


def _refuse(decision: SagaDecision, why: str) -> AnswerDecision:
    return AnswerDecision(decision, "Refused", why)


def _told(decision: SagaDecision) -> str:
    spec = decision.spec
    of_step = f" of step {spec.step}" if spec.step else ""
    return f"{spec.action}{of_step} by {spec.by}: {spec.reason}"
