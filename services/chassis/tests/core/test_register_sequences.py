"""Any sequence of messages, crashes and races leaves each command with one outcome, its effect at most once (R1-R6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from skald.effects import Failed
from skald_wire import Kind, OnFailure, ReplyType
from skald_wire.register import Answer, Outcome

from .world import ACTION, COMPENSATION, DEADLINE_PAST, Died, HoldForGood, World, action, cancel, compensation, refuse

MESSAGES: dict[str, Callable[[], Any]] = {
    "action": action,
    "action after the pivot": lambda: action(on_failure=OnFailure.RETRY),
    "action past its deadline": lambda: action(deadline=DEADLINE_PAST),
    "action with other content": lambda: action(content="other"),
    "cancel": cancel,
    "cancel with a decision": lambda: cancel(decision={"uid": "d"}),
    "compensation": compensation,
    "cancel of the compensation": lambda: cancel(Kind.COMPENSATION),
    "compensation with other content": lambda: compensation(content="other"),
}
FINAL = (Outcome.EXECUTED, Outcome.FAILED, Outcome.DEAD)
messages = st.sampled_from([*["action", "cancel", "compensation"] * 3, *MESSAGES])


class _Register(RuleBasedStateMachine):
    """One participant, one step, its compensation; every message may come at any time and in the middle of another."""

    works: bool

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.final: dict[str, Any] = {}
        self.answers: dict[str, list[Answer]] = {ACTION: [], COMPENSATION: []}
        self.compensated = False

    @initialize(undoable=st.booleans())
    def kind_of_work(self, undoable: bool) -> None:
        if not undoable:
            self.world.use(HoldForGood(self.world.provider))

    def decide(self, behaviour: str) -> Any:
        if behaviour == "fails":
            return refuse()
        if behaviour == "fails for now":
            return refuse(retryable=True)
        return self.world.starting if self.works else self.world.direct

    def send(self, name: str, behaviour: str = "succeeds") -> None:
        message = MESSAGES[name]()
        command_id, fingerprint = message.address.command_id, message.address.fingerprint
        before = self.world.register.get(command_id)
        try:
            answer = self.world.apply(message, self.decide(behaviour))
        except Died:
            return
        if before is not None and before.fingerprint not in (None, fingerprint):
            assert answer.body.get("code") == "KeyReused", "R6"
        if answer.body.get("code") != "KeyReused":
            self.answers[command_id].append(answer)
        if command_id == COMPENSATION and answer.type is ReplyType.SUCCEEDED:
            self.compensated = True
        if command_id == ACTION and self.compensated:
            assert answer.type is not ReplyType.SUCCEEDED, "R2, R4"

    @rule(name=messages, behaviour=st.sampled_from(["succeeds", "fails", "fails for now"]))
    def message_comes(self, name: str, behaviour: str) -> None:
        self.send(name, behaviour)

    @rule(name=messages, other=messages)
    def message_comes_between_read_and_write(self, name: str, other: str) -> None:
        self.world.documents.interfere = lambda: self.send(other)
        self.send(name)
        self.world.documents.interfere = None

    @rule(name=messages, moment=st.sampled_from(["dies_before", "dies_after"]))
    def worker_dies(self, name: str, moment: str) -> None:
        setattr(self.world.work, moment, 1)
        self.send(name)
        setattr(self.world.work, moment, 0)

    @rule(name=messages, other=messages)
    def worker_pauses(self, name: str, other: str) -> None:
        self.world.work.meanwhile = lambda: self.send(other)
        self.send(name)
        self.world.work.meanwhile = None

    @rule(name=messages, other=messages)
    def worker_pauses_before_it_takes_back(self, name: str, other: str) -> None:
        self.world.work.meanwhile_in_undo = lambda: self.send(other)
        self.send(name)
        self.world.work.meanwhile_in_undo = None

    @rule(name=messages, retryable=st.booleans())
    def work_fails(self, name: str, retryable: bool) -> None:
        self.world.work.fails = Failed("Refused", "no", retryable=retryable)
        self.send(name)
        self.world.work.fails = None

    @invariant()
    def R1_an_outcome_is_written_once(self) -> None:
        for command_id, entry in self.world.register.items():
            known = self.final.get(command_id)
            if known is not None:
                assert (entry.outcome, entry.body, entry.fingerprint) == (known.outcome, known.body, known.fingerprint)
                assert entry.undone or not known.undone
            if entry.outcome in FINAL:
                self.final[command_id] = entry

    @invariant()
    def R1_the_effect_happens_at_most_once(self) -> None:
        applied = (self.world.state or {}).get("applied", [])
        assert len(applied) == len(set(applied))
        assert all(count == 1 for count in self.world.provider.done.values())

    @invariant()
    def R2_answers_that_are_facts_never_contradict_each_other(self) -> None:
        for command_id, answers in self.answers.items():
            facts = [one.type for one in answers if one.type is not ReplyType.FAILED or one.final]
            if command_id == ACTION and self.undone:
                facts = [one for one in facts if one is not ReplyType.CANCELLED]
            assert len(set(facts)) <= 1, facts

    @invariant()
    def R3_no_failure_of_a_compensation_is_registered(self) -> None:
        entry = self.world.register.get(COMPENSATION)
        assert entry is None or entry.outcome is not Outcome.FAILED

    @invariant()
    def R4_undone_means_executed_and_its_compensation_too(self) -> None:
        if self.undone:
            assert self.world.register[COMPENSATION].outcome is Outcome.EXECUTED

    @invariant()
    def the_effect_is_there_exactly_when_the_register_says_so(self) -> None:
        for command_id in (ACTION, COMPENSATION):
            entry = self.world.register.get(command_id)
            if entry is None or entry.outcome in FINAL:
                ran = entry is not None and entry.outcome is Outcome.EXECUTED and "nothingToUndo" not in entry.body
                assert self.is_there(command_id) == ran, (command_id, entry)

    def is_there(self, command_id: str) -> bool:
        if self.works:
            return command_id in self.world.provider.held
        return command_id in (self.world.state or {}).get("applied", [])

    @property
    def undone(self) -> bool:
        action_entry = self.world.register.get(ACTION)
        return action_entry is not None and action_entry.undone


class DirectEffects(_Register):
    works = False


class StartedWork(_Register):
    works = True


profile = settings(max_examples=150, stateful_step_count=12, deadline=None)
TestR1toR6WithEffectsOfOneWrite = DirectEffects.TestCase
TestR1toR6WithEffectsOfOneWrite.settings = profile
TestR1toR6WithStartedWork = StartedWork.TestCase
TestR1toR6WithStartedWork.settings = profile
