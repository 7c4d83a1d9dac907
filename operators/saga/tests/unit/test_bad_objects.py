"""What others write into a saga, or answer, has a defined outcome: nothing makes the machine raise."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from saga_operator.domain.events import SagaSeen, Woken
from saga_operator.domain.kinds import (
    AppliedDecision,
    Compensation,
    CompensationStatus,
    Condition,
    Failure,
    Phase,
    RetryPolicy,
    Status,
    StatusCondition,
    StepError,
    StepState,
    StepStatus,
)
from skald_wire import encode
from skald_wire.names import DEPTH_LIMIT, INPUT_LIMIT, OBJECT_LIMIT, OUTPUT_LIMIT

from operators.saga.tests.unit.driver import Driver, after, approval, definition, saga, step

SHAPE = definition(step("a"), approval("r", expires_after="1m"), step("b"), step("p", pivot=True), after("x"))
REFERS = definition(
    step("a"),
    approval("r", expires_after="1m"),
    step("b", when=[Condition(input="$(input.risk)", operator="NotIn", values=["low"])]),
    step("p", pivot=True, input={"text": "of $(steps.a.output.now)"}),
    after("x", input={"text": "$(steps.a.output.9)/$(input.risk)"}),
)


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"in": value}
    return value


words = st.sampled_from(["", "now", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20", "KeyReused", "Gone", "9"])
numbers = st.one_of(st.none(), st.integers(-5, 5), st.integers())
errors = st.one_of(st.none(), st.builds(StepError, code=words, message=words))
values = st.recursive(
    st.one_of(st.none(), st.integers(), words, st.just(nested(70))),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
outputs = st.one_of(st.none(), st.dictionaries(words, values))
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
    definition_hash=st.sampled_from([None, SHAPE.hash, REFERS.hash]),
    failure=st.one_of(st.none(), st.builds(Failure, step=words, code=words)),
    steps=st.dictionaries(st.sampled_from(["a", "r", "b", "p", "x", "gone"]), step_statuses),
    decisions=st.lists(
        st.builds(AppliedDecision, uid=words, action=st.sampled_from(["Skip", "Retry"]), by=words, at=words), max_size=3
    ),
    conditions=st.lists(
        st.builds(StatusCondition, type=words, status=st.sampled_from(["True", "False"]), reason=words), max_size=3
    ),
)


@given(st.sampled_from([SHAPE, REFERS]), statuses, statuses, st.booleans(), values)
@settings(max_examples=60)
def test_I7_a_status_edited_by_hand_is_taken_for_what_it_says_and_never_makes_it_raise(
    shape, first, second, authoritative, risk
):
    w = Driver(shape, saga({"risk": risk}, status=first))
    w.feed(SagaSeen(saga({"risk": risk}, status=second, version="2"), authoritative=authoritative))
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


UNTELLABLE = pytest.mark.parametrize(
    "value", [2**60, [1, None], nested(DEPTH_LIMIT + 1)], ids=["large number", "null in a list", "deep"]
)
TEXT = {"name": "order-$(input.id)"}


def unresolvable(w, name):
    error = w.status().steps[name].error
    return error.code == "UnresolvableInput" and "$(input.id)" in error.message


@UNTELLABLE
def test_I4_a_step_whose_text_cannot_be_made_is_dead_up_to_the_pivot(value):
    w = Driver(definition(step("a"), step("p", pivot=True, input=TEXT), after("x")), saga({"id": value}))
    w.reply("a")
    assert w.status().steps["p"].state == "Failed"
    assert unresolvable(w, "p")
    w.store()
    assert w.published() == ["~a"]


@UNTELLABLE
def test_I4_a_cancel_still_ends_a_saga_whose_text_cannot_be_made(value):
    fork = definition(step("a"), step("b", depends_on=[], input=TEXT))
    w = Driver(fork, saga({"id": value}, cancel=True))
    assert w.published() == ["-a"]
    w.cancelled("-a")
    w.store()
    assert w.phase == "Compensated"


@UNTELLABLE
def test_I5_a_step_whose_text_cannot_be_made_stalls_after_the_pivot(value):
    w = Driver(definition(step("p", pivot=True), after("x", input=TEXT), after("y")), saga({"id": value}))
    w.reply("p")
    assert (w.published(), w.announced()) == ([], ["StepFailed"])
    assert unresolvable(w, "x")
    w.decide("Complete", "x", output={})
    assert w.published() == ["y"]


@UNTELLABLE
def test_I5_a_compensation_whose_text_cannot_be_made_stalls(value):
    release = Compensation(command="release", input=TEXT)
    w = Driver(definition(step("a", compensation=release), step("b")), saga({"id": value}))
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    assert (w.published(), w.announced()) == ([], ["Compensating", "CompensationFailed"])
    assert w.status().steps["a"].compensation.error.code == "UnresolvableInput"


@UNTELLABLE
@pytest.mark.parametrize("operator", ["In", "NotIn"])
def test_I3_a_condition_on_what_cannot_become_text_does_not_hold(value, operator):
    when = [Condition(input="$(input.id)", operator=operator, values=["7"])]
    w = Driver(definition(step("a", when=when), step("b")), saga({"id": value}))
    assert w.status().steps["a"].state == "Skipped"
    assert w.published() == ["b"]


def test_I7_what_is_said_of_a_value_that_cannot_travel_has_room_in_the_status():
    key = "k" * (INPUT_LIMIT - 100)
    steps = (step(f"s{number}", depends_on=[], input={"it": "$(input.it)"}) for number in range(32))
    w = Driver(definition(*steps), saga({"it": {key: 2**60}}))
    assert len(msgspec.json.encode(w.status())) < OBJECT_LIMIT - INPUT_LIMIT
    w = Driver(definition(step("a")))
    w.reply("a", body={key: 2**60})
    assert len(msgspec.json.encode(w.status())) < OUTPUT_LIMIT


@pytest.mark.parametrize("levels", [201, 900, 5000], ids=["beyond its limit", "for the schema", "for the encoder"])
@pytest.mark.parametrize("schema", [None, {"type": "object", "required": ["id"]}], ids=["no schema", "schema"])
def test_I4_an_input_nested_too_deep_to_be_checked_is_refused_before_the_first_command(levels, schema):
    w = Driver(definition(step("a"), input_schema=schema), saga(nested(levels)))
    assert w.sent == []
    assert w.status().failure.code == "InvalidInput"
    assert "nested deeper than" in w.status().failure.message


def test_a_schema_says_what_it_cannot_check():
    shape = definition(step("a"), input_schema={"type": "object", "required": ["id"]})
    assert "nested too deep to be checked" in shape.schema.problem(nested(900))


def test_I4_an_input_that_is_not_used_may_hold_what_cannot_travel():
    schema = {"type": "object", "required": ["in"]}
    w = Driver(definition(step("a"), input_schema=schema), saga(nested(200)))
    assert w.published() == ["a"]


def test_I6_an_output_nested_too_deep_for_the_cancel_that_carries_it_is_refused():
    gone = definition(step("p", pivot=True), after("x", retry_policy=RetryPolicy(non_retryable_errors=["Gone"])))
    w = Driver(gone)
    w.reply("p")
    w.fail("x", "Gone")
    w.store()
    w.decide("Complete", "x", output=nested(DEPTH_LIMIT - 1))
    assert w.answers() == [("Complete", "Refused")]
    assert "nested deeper" in w.refusal()
    w.decide("Complete", "x", output=nested(DEPTH_LIMIT - 2))
    encode(w.last("-x"))
