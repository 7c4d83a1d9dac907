"""A saga whose definition is missing, refused or changed: nothing is sent, people are told why, and may abort it."""

from __future__ import annotations

from msgspec.structs import replace

from saga_operator.domain import decisions, record
from saga_operator.domain.effects import Announce, AnswerDecision, Effect, Finish, Store
from saga_operator.domain.events import DecisionMade, Event, SagaSeen, Stored
from saga_operator.domain.kinds import SagaDecision
from saga_operator.domain.knowledge import Asked, Knowledge, Stall, Verdict
from saga_operator.domain.sight import newer
from saga_operator.domain.turn import stored_stall


def wait(knowledge: Knowledge, event: Event, stall: Stall) -> tuple[Knowledge, list[Effect]]:
    """A turn without a definition to go by."""
    before, effects = _glance(knowledge, event), list[Effect]()
    if isinstance(event, DecisionMade):
        before, effects = _decide(before, event.decision, stall)
    before, answers = _answer(before)
    effects += answers
    if before.terminal:
        return replace(before, wake_at=None), [*effects, Finish()]
    aborting = any(each.action == "Abort" for each in before.applied)
    after = replace(before, stall=stall, verdict=Verdict.ABORTED if aborting else None, wake_at=None)
    shown = knowledge.stall.reason if knowledge.stall else stored_stall(before.saga)
    if shown != stall.reason:
        effects.append(Announce("Warning", stall.reason, stall.message))
        effects.append(Store(urgent=False))
    if aborting and (after.verdict is not knowledge.verdict or isinstance(event, SagaSeen)):
        effects.append(Store(urgent=True))
    return after, effects


def _glance(knowledge: Knowledge, event: Event) -> Knowledge:
    """What is taken of an event when nothing else can be understood."""
    match event:
        case SagaSeen():
            return replace(knowledge, saga=newer(knowledge.saga, event.saga, authoritative=event.authoritative))
        case Stored():
            metadata = replace(knowledge.saga.metadata, resource_version=event.resource_version)
            return replace(knowledge, saga=replace(knowledge.saga, metadata=metadata, status=event.status))
        case _:
            return knowledge


def _decide(knowledge: Knowledge, decision: SagaDecision, stall: Stall) -> tuple[Knowledge, list[Effect]]:
    """Abort needs no definition; without one nobody can be asked to cancel anything, so nobody is."""
    if any(asked.decision.metadata.uid == decision.metadata.uid for asked in knowledge.asked):
        return knowledge, []
    if decision.spec.action != "Abort":
        return knowledge, [
            AnswerDecision(decision, "Refused", f"nothing but Abort can be decided now: {stall.message}")
        ]
    asked = (*knowledge.asked, Asked(decision, accepted=True))
    applied = record.add(knowledge.applied or tuple(knowledge.saga.status.decisions), record.of(decision))
    return replace(knowledge, asked=asked, applied=applied), []


def _answer(knowledge: Knowledge) -> tuple[Knowledge, list[Effect]]:
    answers = [(asked, decisions.answer_for(knowledge.saga, asked.decision)) for asked in knowledge.asked]
    unanswered = tuple(asked for asked, answer in answers if answer is None)
    return replace(knowledge, asked=unanswered), [answer for _, answer in answers if answer is not None]
