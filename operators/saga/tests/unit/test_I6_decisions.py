"""I6: what a person decides is judged against a fresh read, carried out once, and refused with a reason."""

import pytest
from saga_operator.domain.decisions import answer_for
from saga_operator.domain.effects import Look
from saga_operator.domain.events import DecisionMade, DefinitionChanged, Returned, SagaSeen, Unconfirmed
from saga_operator.domain.kinds import CompensationPolicy, Metadata, RetryPolicy, SagaDecision, SagaDecisionSpec

from operators.saga.tests.unit.driver import Driver, after, definition, saga, step

QUICK = RetryPolicy(
    initial_interval="1s", max_interval="4s", non_retryable_errors=["Gone", "Cancelled", "UnresolvableInput"]
)
USES_X = {"id": "$(steps.x.output.id)"}
FORWARD = definition(step("a"), step("p", pivot=True), after("x", retry_policy=QUICK), after("y"))
CHAIN = definition(step("a"), step("b"), step("c"), compensation_policy=CompensationPolicy(retry_policy=QUICK))


def stalled_after_pivot(compiled=FORWARD, code="Gone") -> Driver:
    w = Driver(compiled)
    w.reply("a")
    w.reply("p")
    w.fail("x", code)
    assert w.announced() == ["StepFailed"]
    w.store()
    return w


def stalled_on_the_way_back(code="Gone") -> Driver:
    w = Driver(CHAIN)
    w.reply("a")
    w.reply("b")
    w.fail("c", final=True)
    w.store()
    w.fail("~b", code)
    w.store()
    return w


def carries(w, wanted):
    return w.last(wanted).decision


def made(action="Retry", name="s-1", uid="decision-9"):
    spec = SagaDecisionSpec(saga=name, action=action, by="ann", reason="ticket 88", step=None)
    return SagaDecision(metadata=Metadata(name="d", namespace="shop", uid=uid), spec=spec)


def test_I6_a_decision_waits_for_a_fresh_read_of_the_object():
    w = stalled_after_pivot()
    w.decided = 7
    decision = made("Abort")
    w.feed(DecisionMade(decision))
    assert w.effects == [Look()]
    w.feed(DecisionMade(decision))
    assert w.effects == [], "telling it again asks for nothing"


def test_I6_Retry_sends_the_same_id_at_once_and_is_answered_when_that_is_stored():
    w = stalled_after_pivot()
    first = w.last("x").address
    w.decide("Retry", "x")
    assert w.published() == ["x"]
    assert w.last("x").address == first
    assert (w.answers(), w.stores()) == ([], [False])
    w.store()
    assert w.answers() == [("Retry", "Applied")]
    assert w.announced() == ["DecisionApplied"]
    applied = w.object.status.decisions[0]
    assert (applied.action, applied.step, applied.by, applied.reason) == ("Retry", "x", "ann", "ticket 88")


def test_I6_a_decision_told_again_after_a_restart_is_applied_once():
    w = stalled_after_pivot()
    w.decide("Retry", "x", uid="u-1")
    w.store()
    successor = w.restart()
    sent = len(successor.sent)
    successor.decide("Retry", "x", uid="u-1")
    assert successor.answers() == [("Retry", "Applied")]
    assert len(successor.sent) == sent


@pytest.mark.parametrize(("action", "state"), [("Skip", "Skipped"), ("Complete", "Completed")])
def test_I6_Skip_and_Complete_cancel_first_with_the_decision_as_body(action, state):
    w = stalled_after_pivot()
    given = {"output": {"id": 7}} if action == "Complete" else {}
    w.decide(action, "x", **given)
    assert w.published() == ["-x"]
    assert {"action": action, "by": "ann", "reason": "ticket 88", **given}.items() <= carries(w, "-x").items()
    assert w.status().steps["x"].state == "Running", "nothing is decided before the register says so"
    w.reply("-x", "Cancelled", {"decision": dict(carries(w, "-x"))})
    assert w.published() == ["y"]
    w.store()
    assert w.answers() == [(action, "Applied")]
    recorded = w.object.status.steps["x"]
    assert (recorded.state, recorded.output) == (state, given.get("output"))
    assert recorded.decision == w.object.status.decisions[0].uid
    w.reply("y")
    w.store()
    assert w.phase == "Succeeded"


@pytest.mark.parametrize(("action", "state"), [("Skip", "Waived"), ("Complete", "Compensated")])
def test_I6_Skip_and_Complete_of_a_compensation_cancel_it_first_too(action, state):
    w = stalled_on_the_way_back()
    w.decide(action, "b", **({"output": {}} if action == "Complete" else {}))
    assert w.published() == ["-~b"]
    w.reply("-~b", "Cancelled", {"decision": dict(carries(w, "-~b"))})
    assert w.status().steps["b"].state == state
    assert w.published() == ["~a"]
    w.reply("~a")
    w.store()
    assert w.phase == "Compensated"
    assert w.answers() == [(action, "Applied")]


@pytest.mark.parametrize("action", ["Skip", "Complete"])
def test_I6_what_ran_meanwhile_is_not_skipped_and_the_decision_is_refused(action):
    w = stalled_after_pivot()
    w.decide(action, "x", **({"output": {}} if action == "Complete" else {}))
    w.reply("-x", body={"id": 1})
    assert w.answers() == [(action, "Refused")]
    assert "it is too late: step x is Succeeded" in w.refusal()
    assert w.published() == ["y"]


def test_I6_the_cancel_is_sent_again_until_it_is_answered_and_no_action_with_it():
    w = stalled_after_pivot()
    w.decide("Skip", "x")
    for _ in range(5):
        w.wait_until_due()
        assert w.published() == ["-x"]
        assert carries(w, "-x")["action"] == "Skip"


def test_I6_a_tombstone_met_later_applies_the_decision_that_it_carries_again():
    w = stalled_after_pivot()
    w.decide("Complete", "x", output={"id": 7})
    body = {"decision": dict(carries(w, "-x"))}
    fresh = Driver(FORWARD)
    fresh.reply("a")
    fresh.reply("p")
    fresh.reply("x", "Cancelled", body)
    assert fresh.published() == ["y"]
    fresh.store()
    assert fresh.object.status.steps["x"].state == "Completed"
    assert fresh.object.status.decisions[0].by == "ann"
    fresh.decide("Complete", "x", output={"id": 8}, uid=body["decision"]["uid"])
    assert fresh.answers() == [("Complete", "Applied")]


def test_I6_a_tombstone_of_a_compensation_applies_its_decision_again():
    w = stalled_on_the_way_back()
    w.decide("Skip", "b")
    body = {"decision": dict(carries(w, "-~b"))}
    fresh = stalled_on_the_way_back()
    fresh.wait_until_due()
    fresh.reply("~b", "Cancelled", body)
    assert fresh.status().steps["b"].state == "Waived"


@pytest.mark.parametrize("body", [{}, {"decision": 7}, {"decision": {"action": "Skip"}}, {"decision": {"uid": 1}}])
def test_I6_a_tombstone_that_says_nothing_readable_is_no_decision(body):
    w = Driver(CHAIN)
    w.reply("a", "Cancelled", body)
    assert w.status().steps["a"].state == "Cancelled"


def test_I6_what_is_known_never_to_run_is_decided_without_asking_anybody():
    lost = definition(step("a"), step("p", pivot=True), after("x", input={"id": "$(steps.p.output.id)"}), after("y"))
    w = Driver(lost)
    w.reply("a")
    w.reply("p")
    w.store()
    w.decide("Retry", "x")
    assert "another attempt cannot help step x" in w.refusal()
    w.decide("Complete", "x", output={"id": 1})
    assert w.published() == ["y"]
    w.store()
    assert w.answers() == [("Complete", "Applied")]


def test_I6_a_dead_register_after_the_pivot_can_be_completed():
    w = Driver(FORWARD)
    w.reply("a")
    w.reply("p")
    w.cancelled("x")
    w.store()
    w.decide("Skip", "x")
    assert w.published() == ["y"]


@pytest.mark.parametrize("code", ["Cancelled", "UnresolvableInput"])
@pytest.mark.parametrize("action", ["Skip", "Complete"])
def test_I6_a_participants_word_that_it_never_runs_is_no_register(code, action):
    w = stalled_after_pivot(code=code)
    for operator in (w.restart(), w):
        operator.decide(action, "x", **({"output": {}} if action == "Complete" else {}))
        assert operator.published() == ["-x"], "a copy in the queue may still run"
        assert operator.status().steps["x"].state == "Running"
    w.reply("-x")
    assert w.answers() == [(action, "Refused")]


@pytest.mark.parametrize("code", ["Cancelled", "UnresolvableInput"])
def test_I6_a_compensation_whose_participant_says_that_it_never_runs_is_cancelled_before_it_is_waived(code):
    w = stalled_on_the_way_back(code)
    w.decide("Skip", "b")
    assert w.published() == ["-~b"]
    assert w.status().steps["b"].state == "Compensating"


@pytest.mark.parametrize("code", ["Cancelled", "UnresolvableInput"])
def test_I6_Retry_of_what_failed_with_the_operators_code_sends_it_again(code):
    w = stalled_on_the_way_back(code)
    w.decide("Retry", "b")
    assert w.published() == ["~b"]


def refused(w, action, step_name, **spec):
    w.decide(action, step_name, **spec)
    assert w.answers() == [(action, "Refused")]
    assert not [message for message in w.published() if message.startswith("-")]
    return w.refusal()


def test_I6_refused_a_step_that_there_is_not():
    assert "no step z; its steps are a, p, x, y" in refused(stalled_after_pivot(), "Retry", "z")


@pytest.mark.parametrize("action", ["Retry", "Skip", "Complete"])
def test_I6_refused_a_step_that_is_not_stalled(action):
    spec = {"output": {}} if action == "Complete" else {}
    assert "step y is not stalled" in refused(stalled_after_pivot(), action, "y", **spec)
    assert "step a is not stalled (Succeeded)" in refused(stalled_after_pivot(), action, "a", **spec)


def test_I6_refused_what_another_operator_has_brought_on_in_the_meantime():
    w = stalled_after_pivot()
    other = w.restart()
    other.reply("x")
    other.store()
    w.object = other.object
    assert "step x is not stalled (Succeeded)" in refused(w, "Retry", "x")


def test_I6_refused_when_older_than_the_stall():
    w = Driver(FORWARD)
    w.reply("a")
    w.reply("p")
    w.now += 60
    w.fail("x", "Gone")
    assert "made before step x stalled" in refused(w, "Skip", "x", made=w.now - 10)


def test_I6_refused_when_older_than_the_saga():
    w = stalled_after_pivot()
    assert "an earlier saga of this name" in refused(w, "Abort", None, made=w.now - 100)


def test_I6_refused_a_skip_of_the_pivot_which_can_only_be_completed():
    w = Driver(definition(step("a"), step("p", pivot=True), after("x")), saga(cancel=True))
    w.reply("-a")
    for _ in range(4):
        w.wait_until_due()
    assert w.status().reason == "Unanswered"
    w.store()
    assert "is the pivot" in refused(w, "Skip", "p")
    w.decide("Complete", "p", output={})
    w.wait_until_due()
    w.reply("-p", "Cancelled", {"decision": dict(carries(w, "-p"))})
    assert w.published() == ["x"], "a completed pivot is a pivot that ran"


def test_I6_refused_a_skip_of_a_step_whose_output_is_referenced():
    w = stalled_after_pivot(
        definition(step("a"), step("p", pivot=True), after("x", retry_policy=QUICK), after("y", input=USES_X))
    )
    assert "other steps use the output of step x: Complete it" in refused(w, "Skip", "x")


def test_I6_refused_an_output_that_cannot_be_stored():
    assert "at most 16384 may be stored" in refused(stalled_after_pivot(), "Complete", "x", output={"a": "z" * 17_000})


def test_I6_refused_while_another_decision_about_the_step_is_carried_out():
    w = stalled_after_pivot()
    w.decide("Skip", "x")
    w.decide("Retry", "x")
    assert "another decision about step x is being carried out" in w.refusal()


def test_I6_refused_when_the_register_stands_for_other_content():
    w = stalled_after_pivot()
    w.decide("Skip", "x")
    w.fail("-x", "KeyReused")
    assert w.answers() == [("Skip", "Refused")]
    assert "its command id stands for other content" in w.refusal()


@pytest.mark.parametrize(("action", "state"), [("Skip", "Skipped"), ("Complete", "Completed")])
def test_I6_a_stall_for_other_content_does_not_refuse_before_the_register_has_answered(action, state):
    w = Driver(definition(step("a"), step("b")))
    w.reply("a")
    w.fail("b", "KeyReused")
    w.store()
    successor = w.restart()
    successor.decide(action, "b")
    assert (successor.published(), successor.answers()) == (["-b"], [])
    successor.reply("-b", "Cancelled", {"decision": carries(successor, "-b")})
    successor.store()
    assert successor.status().steps["b"].state == state
    assert successor.answers() == [(action, "Applied")]


@pytest.mark.parametrize("lost", [Returned, Unconfirmed])
def test_I6_a_cancel_that_was_lost_is_sent_again_before_its_decision_is_refused(lost):
    w = Driver(definition(step("a"), step("b")))
    w.reply("a")
    w.fail("b", "KeyReused")
    w.store()
    w.decide("Skip", "b")
    w.broker(lost, "-b")
    assert w.answers() == []
    w.wait_until_due()
    assert (w.published(), w.answers()) == (["-b"], [])
    w.fail("-b", "KeyReused")
    assert w.answers() == [("Skip", "Refused")]


def test_I6_a_stall_is_still_one_for_the_next_operator():
    w = Driver(definition(step("a"), step("b", depends_on=[])), saga(cancel=True))
    w.cancelled("-a")
    for _ in range(4):
        w.wait_until_due()
    w.store()
    successor = w.restart()
    successor.decide("Retry", "b")
    successor.store()
    assert successor.answers() == [("Retry", "Applied")]


@pytest.mark.parametrize("prepare", [stalled_after_pivot, stalled_on_the_way_back])
def test_I6_Abort_cancels_what_is_under_way_and_does_not_wait(prepare):
    w = prepare()
    w.decide("Abort")
    assert w.published() == (["-x"] if prepare is stalled_after_pivot else ["-~b"])
    assert w.stores() == [True]
    w.store()
    assert w.phase == "Aborted"
    assert w.answers() == [("Abort", "Applied")]
    assert w.finished()
    status = {each.type: (each.status, each.reason) for each in w.object.status.conditions}
    assert status["Succeeded"] == status["Compensated"] == ("False", "Aborted")
    assert status["Stalled"][0] == "False"


def test_I6_Abort_before_the_pivot_cancels_every_open_step():
    w = Driver(definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["a", "b"])))
    w.reply("a")
    w.decide("Abort")
    assert w.published() == ["-b"]


def test_I6_an_aborted_saga_that_is_created_again_meets_its_tombstone_and_is_aborted_again():
    w = Driver(CHAIN)
    w.decide("Abort")
    fresh = Driver(CHAIN)
    fresh.reply("a", "Cancelled", {"decision": dict(carries(w, "-a"))})
    fresh.store()
    assert fresh.phase == "Aborted"


def test_I6_an_Abort_overtaken_by_a_conflict_is_written_again():
    w = stalled_after_pivot()
    w.decide("Abort")
    w.look()
    assert w.stores() == [True]
    assert w.published() == []


@pytest.mark.parametrize("action", ["Retry", "Abort"])
def test_I6_refused_when_the_saga_has_ended(action):
    w = Driver(definition(step("a")))
    w.reply("a")
    w.store()
    w.decide(action, None if action == "Abort" else "a")
    assert w.refusal() == "the saga has ended as Succeeded"


def test_I6_a_decision_under_way_when_the_saga_ends_is_refused_with_its_end():
    w = stalled_after_pivot()
    other = w.restart()
    w.decide("Skip", "x")
    other.reply("x")
    other.reply("y")
    other.store()
    w.object = other.object
    w.look()
    assert w.answers() == [("Skip", "Refused")]


def test_I6_the_object_alone_answers_for_a_saga_that_is_not_live():
    assert answer_for(None, made()).message == "there is no saga s-1 in this namespace"
    w = Driver(definition(step("a")))
    assert answer_for(w.object, made()) is None


def test_I6_without_a_definition_nothing_but_Abort_can_be_decided():
    w = Driver(None)
    w.store()
    w.decide("Retry", "a")
    assert "nothing but Abort can be decided now: there is no SagaDefinition d-v1" in w.refusal()
    w.decide("Abort")
    assert w.stores() == [True]
    w.feed(SagaSeen(w.object, authoritative=True))
    assert w.stores() == [True], "also after a conflict"
    w.store()
    assert (w.phase, w.answers()) == ("Aborted", [("Abort", "Applied")])
    assert w.finished()


def test_I6_an_Abort_survives_the_return_of_the_definition():
    w = Driver(None)
    w.decide("Abort")
    w.definition = CHAIN
    w.feed(DefinitionChanged())
    assert w.published() == []
    w.store()
    assert w.phase == "Aborted"


def test_I6_the_saga_remembers_the_last_twenty():
    w = stalled_after_pivot()
    for _ in range(25):
        w.decide("Retry", "x")
        w.store()
    assert [each.uid for each in w.object.status.decisions] == [f"decision-{n}" for n in range(6, 26)]
