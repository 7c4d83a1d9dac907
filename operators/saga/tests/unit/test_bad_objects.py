"""What others write into a saga, or answer, has a defined outcome: nothing makes the machine raise."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from saga_operator.domain.events import SagaSeen, Woken
from saga_operator.domain.kinds import (
    AppliedDecision,
    CompensationStatus,
    Failure,
    Phase,
    Status,
    StatusCondition,
    StepError,
    StepState,
    StepStatus,
)
from skald_wire.names import INPUT_LIMIT, OBJECT_LIMIT, OUTPUT_LIMIT

from operators.saga.tests.unit.driver import Driver, after, approval, definition, saga, step

SHAPE = definition(step("a"), approval("r", expires_after="1m"), step("b"), step("p", pivot=True), after("x"))
words = st.sampled_from(["", "now", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20", "KeyReused", "Gone", "9"])
numbers = st.one_of(st.none(), st.integers(-5, 5), st.integers())
errors = st.one_of(st.none(), st.builds(StepError, code=words, message=words))
outputs = st.one_of(st.none(), st.dictionaries(words, st.one_of(st.none(), st.integers(), words)))
moments = st.one_of(st.none(), words)
undos = st.builds(
    CompensationStatus, attempts=numbers, failures=numbers, error=errors, started_at=moments, finished_at=moments
)
step_statuses = st.builds(
    StepStatus,
    state=st.sampled_from(StepState),
    attempts=numbers,
    failures=numbers,
    output=outputs,
    error=errors,
    started_at=moments,
    finished_at=moments,
    compensation=st.one_of(st.none(), undos),
    stalled_since=moments,
    decision=moments,
)
statuses = st.builds(
    Status,
    phase=st.sampled_from([phase for phase in Phase if not phase.terminal]),
    direction=st.sampled_from([None, "Forward", "Backward"]),
    start_time=moments,
    definition_hash=st.sampled_from([None, SHAPE.hash]),
    failure=st.one_of(st.none(), st.builds(Failure, step=words, code=words)),
    steps=st.dictionaries(st.sampled_from(["a", "r", "b", "p", "x", "gone"]), step_statuses),
    decisions=st.lists(
        st.builds(AppliedDecision, uid=words, action=st.sampled_from(["Skip", "Retry"]), by=words, at=words), max_size=3
    ),
    conditions=st.lists(
        st.builds(StatusCondition, type=words, status=st.sampled_from(["True", "False"]), reason=words), max_size=3
    ),
)


@given(statuses, statuses, st.booleans())
@settings(max_examples=60)
def test_I7_a_status_edited_by_hand_is_taken_for_what_it_says_and_never_makes_it_raise(first, second, authoritative):
    w = Driver(SHAPE, saga(status=first))
    w.feed(SagaSeen(saga(status=second, version="2"), authoritative=authoritative))
    w.decide("Retry", "x")
    for seconds in (1, 60, 1000):
        w.now += seconds
        w.feed(Woken())
    msgspec.json.encode(w.status())


def test_I7_a_terminal_phase_set_by_hand_ends_the_saga():
    w = Driver(SHAPE)
    w.feed(SagaSeen(saga(status=Status(phase=Phase.SUCCEEDED), version="2"), authoritative=False))
    assert w.finished()


def test_I7_a_step_taken_out_of_the_status_is_put_back():
    w = Driver(SHAPE)
    w.reply("a")
    w.store()
    w.object = replace(w.object, status=replace(w.object.status, steps={}))
    w.look()
    assert w.stores() == [False]
    assert w.status().steps["a"].state == "Succeeded"


def test_I2_an_output_over_its_limit_is_dropped_the_step_is_done_and_what_refers_to_it_is_dead():
    w = Driver(definition(step("a"), step("b", input={"id": "$(steps.a.output.id)"})))
    w.reply("a", body={"id": 1, "blob": "z" * OUTPUT_LIMIT})
    shown = w.status().steps
    assert (shown["a"].state, shown["a"].error.code, shown["a"].output) == ("Succeeded", "OutputRejected", None)
    assert (shown["b"].state, shown["b"].error.code) == ("Failed", "UnresolvableInput")
    w.store()
    assert w.published() == ["~a"]


def wide(count):
    return definition(*(step(f"s{number}", depends_on=[]) for number in range(count)))


def test_I7_the_object_stays_within_its_limit_whatever_is_answered():
    w = Driver(wide(32), saga({"blob": "z" * (INPUT_LIMIT - 100)}))
    for number in range(32):
        w.reply(f"s{number}", body={"blob": "z" * (OUTPUT_LIMIT - 50)})
    w.store()
    assert w.phase == "Succeeded"
    assert len(msgspec.json.encode(w.object)) < OBJECT_LIMIT


def test_I2_each_step_has_the_same_share_so_the_order_of_replies_does_not_matter():
    fits = {"blob": "z" * 3000}
    w = Driver(wide(32), saga({"blob": "z" * (INPUT_LIMIT - 100)}))
    for number in reversed(range(32)):
        w.reply(f"s{number}", body=fits)
    assert all(known.output == fits for known in w.knowledge.steps)


def test_I5_what_the_action_took_stays_in_the_status_of_a_step_that_was_undone():
    w = Driver(definition(step("a"), step("b")))
    w.fail("a", "Busy")
    w.wait_until_due()
    w.now += 1
    w.reply("a")
    finished = w.status().steps["a"].finished_at
    w.fail("b", final=True)
    w.store()
    w.now += 5
    w.fail("~a", "Busy")
    shown = w.status().steps["a"]
    assert (shown.state, shown.attempts, shown.error) == ("Compensating", 2, None)
    assert (shown.compensation.attempts, shown.compensation.error.code) == (1, "Busy")
    w.wait_until_due()
    w.reply("~a")
    w.store()
    shown = w.object.status.steps["a"]
    assert (shown.state, shown.attempts, shown.failures, shown.finished_at) == ("Compensated", 2, 1, finished)
    assert (shown.compensation.attempts, shown.compensation.failures) == (2, 1)
    assert shown.compensation.finished_at > finished


def test_I5_a_new_operator_keeps_both():
    w = Driver(definition(step("a"), step("b")))
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    w.fail("~a", "Busy")
    w.store()
    successor = w.restart()
    successor.reply("~a")
    shown = successor.status().steps["a"]
    assert (shown.attempts, shown.compensation.attempts) == (1, 2)
