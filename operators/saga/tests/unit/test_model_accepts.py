"""What a definition means once it is compiled."""

from pathlib import Path

import msgspec
import yaml
from saga_operator.domain.kinds import (
    Compensation,
    CompensationPolicy,
    Condition,
    Defaults,
    RetryPolicy,
    SagaDefinition,
    SagaDefinitionSpec,
)
from saga_operator.domain.model import compile_definition, hash_of

from operators.saga.tests.unit.driver import after, definition, step, stored_definition

SHIPPED = Path(__file__).parents[4] / "manifests" / "definitions"


def names(compiled, mask):
    return {each.name for each in compiled.steps if each.bit & mask}


def needs(compiled):
    return {each.name: names(compiled, each.needs) for each in compiled.steps}


def test_a_step_without_dependsOn_needs_the_one_listed_before_it():
    assert needs(definition(step("a"), step("b"), step("c"))) == {"a": set(), "b": {"a"}, "c": {"b"}}


def test_an_empty_dependsOn_makes_a_step_start_at_once():
    compiled = definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["a", "b"]))
    assert needs(compiled) == {"a": set(), "b": set(), "c": {"a", "b"}}


def test_the_pivot_waits_for_every_step_listed_before_it_and_later_steps_wait_for_the_pivot():
    compiled = definition(
        step("a"), step("b", depends_on=[]), step("p", pivot=True, depends_on=[]), after("x", depends_on=["a"])
    )
    assert needs(compiled) == {"a": set(), "b": set(), "p": {"a", "b"}, "x": {"a", "p"}}


def test_dependants_are_those_behind_a_step_directly_or_through_others():
    compiled = definition(step("a"), step("b", depends_on=[]), step("c", depends_on=["a"]), step("d"))
    behind = {each.name: names(compiled, each.dependants) for each in compiled.steps}
    assert behind == {"a": {"c", "d"}, "b": set(), "c": {"d"}, "d": set()}


def test_defaults_are_applied_by_the_operator():
    compiled = definition(step("a"), step("p", pivot=True), after("x"))
    assert compiled.deadline == 600
    assert compiled.stall_stops
    assert not compiled.sequential
    assert [each.timeout for each in compiled.steps] == [5, 5, 5]
    first, _, last = compiled.steps
    assert (first.retry.initial, first.retry.coefficient, first.retry.maximum) == (0.2, 2.0, 30.0)
    assert (first.retry.attempts, last.retry.attempts) == (5, None)
    undo = compiled.compensation_retry
    assert (undo.initial, undo.coefficient, undo.maximum, undo.attempts) == (0.5, 2.0, 60.0, None)


def test_a_step_overrides_the_definition_which_overrides_the_operator_field_by_field():
    compiled = definition(
        step("a", timeout="1s", retry_policy=RetryPolicy(max_attempts=2)),
        step("b"),
        defaults=Defaults(
            timeout="2s", retry_policy=RetryPolicy(initial_interval="50ms", non_retryable_errors=["Gone"])
        ),
        compensation_policy=CompensationPolicy(
            order="Sequential", on_failure="Continue", retry_policy=RetryPolicy(max_interval="5s")
        ),
    )
    a, b = compiled.steps
    assert (a.timeout, a.retry.attempts, a.retry.initial, a.retry.final_codes) == (1, 2, 0.05, {"Gone"})
    assert (b.timeout, b.retry.attempts, b.retry.initial, b.retry.final_codes) == (2, 5, 0.05, {"Gone"})
    assert compiled.sequential
    assert not compiled.stall_stops
    assert (compiled.compensation_retry.initial, compiled.compensation_retry.maximum) == (0.5, 5)


def test_a_compensation_without_input_gets_the_actions_input_and_its_own_timeout_if_any():
    undo = Compensation(command="void", timeout="9s")
    (only,) = definition(step("a", input={"order": "$(input.id)"}, timeout="1s", compensation=undo)).steps
    assert only.compensation.input.resolve({"id": "o-1"}, {}.get) == {"order": "o-1"}
    assert only.compensation.timeout == 9


def test_a_compensation_of_none_leaves_nothing_to_send():
    (only,) = definition(step("a", compensation=Compensation(none="it only reads"))).steps
    assert only.compensation is None


def test_a_step_may_refer_to_what_it_depends_on_through_others_and_across_the_pivot():
    definition(
        step("a"),
        step("b", depends_on=[]),
        step("p", pivot=True, input={"x": "$(steps.a.output.id)", "y": "$(steps.b.output.id)"}),
        after("x", input={"x": "$(steps.a.output.id)", "y": "$(steps.p.output.id)"}),
        after("y", input={"x": "$(steps.x.output.id)", "z": "$(steps.b.output.id)"}),
    )


def test_a_compensation_may_refer_to_its_own_steps_output():
    undo = Compensation(command="release", input={"id": "$(steps.a.output.id)"})
    definition(step("a", compensation=undo))


def test_when_may_refer_to_input_and_to_earlier_outputs():
    clauses = [
        Condition(input="$(input.risk)", operator="In", values=["high"]),
        Condition(input="$(steps.a.output.score)", operator="NotIn", values=["1", "2"]),
    ]
    compiled = definition(step("a"), step("b", when=clauses))
    assert [clause.negated for clause in compiled.steps[1].when] == [False, True]


def test_the_hash_tells_definitions_apart_and_nothing_else():
    one = stored_definition(step("a"), deadline="5m")
    assert hash_of(one.spec) == hash_of(stored_definition(step("a"), deadline="5m", name="other").spec)
    assert hash_of(one.spec) != hash_of(stored_definition(step("a"), deadline="6m").spec)
    again = msgspec.json.decode(msgspec.json.encode(one.spec), type=SagaDefinitionSpec)
    assert compile_definition(one).hash == hash_of(again)


def test_every_definition_that_is_shipped_compiles():
    files = sorted(SHIPPED.glob("*.yaml"))
    assert files
    for file in files:
        for document in yaml.safe_load_all(file.read_text()):
            compile_definition(msgspec.convert(document, SagaDefinition))
