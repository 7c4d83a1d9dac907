"""Every reason to refuse a definition, each in a sentence that names the step. Admission is not relied upon."""

import re

import pytest
from saga_operator.domain.kinds import (
    Approval,
    Compensation,
    CompensationPolicy,
    Condition,
    Defaults,
    RetryPolicy,
    Step,
)
from saga_operator.domain.model import DefinitionError, compile_definition

from operators.saga.tests.unit.driver import after, stored_definition
from operators.saga.tests.unit.driver import step as s


def refusal(*steps, **spec) -> DefinitionError:
    with pytest.raises(DefinitionError) as refused:
        compile_definition(stored_definition(*steps, **spec))
    return refused.value


def approval(name="review", **fields):
    return Step(name=name, approval=Approval(expires_after="1m"), **fields)


def bad_input(text, **fields):
    return s("b", input={"x": text}, **fields)


def undo(**fields):
    return Compensation(**fields)


CASES = {
    "no steps": ([], {}, "there must be at least one"),
    "33 steps": ([s(f"s{i}", depends_on=[]) for i in range(33)], {}, "at most 32, found 33"),
    "same name": ([s("a"), s("a")], {}, "the name a is given to 2 steps"),
    "two pivots": ([s("a", pivot=True), s("b", pivot=True)], {}, "at most one may be the pivot, found a, b"),
    "neither": ([Step(name="a", participant="p", compensation=undo(none="x"))], {}, "step a: needs either a command"),
    "both": ([s("a", approval=Approval()), s("b")], {}, "step a: needs either a command or an approval"),
    "no participant": ([s("a", participant=None)], {}, "step a: needs a participant"),
    "approval with input": ([approval(input={}), s("b")], {}, "step review: is an approval.* no input"),
    "approval as pivot": ([approval(pivot=True), after("b")], {}, "step review: is an approval.* no pivot"),
    "bare": ([s("a", compensation=None)], {}, "step a: needs a compensation, or compensation: {none: why}"),
    "bare before pivot": ([s("a", compensation=None), s("p", pivot=True)], {}, "step a: needs a compensation"),
    "pivot undone": ([s("p", pivot=True, compensation=undo(command="u"))], {}, "step p: is the pivot"),
    "undone after": ([s("p", pivot=True), s("x")], {}, "step x: stands after the pivot.* no compensation"),
    "attempts after": (
        [s("p", pivot=True), after("x", retry_policy=RetryPolicy(max_attempts=3))],
        {},
        "step x: stands after the pivot.* no maxAttempts",
    ),
    "approval after": ([s("p", pivot=True), approval(), after("x")], {}, "step review: is an approval after the pivot"),
    "approval last": ([s("a"), approval()], {}, "step review: is an approval with no participant's step behind it"),
    "undo of neither": ([s("a", compensation=undo())], {}, "step a: compensation needs either"),
    "undo of both": ([s("a", compensation=undo(command="u", none="w"))], {}, "step a: compensation needs either"),
    "none with input": ([s("a", compensation=undo(none="w", input={}))], {}, "step a: compensation is none, so"),
    "needs itself": ([s("a", depends_on=["a"])], {}, "step a: dependsOn names the step itself"),
    "needs a later": ([s("a", depends_on=["b"]), s("b")], {}, "step a: dependsOn names b, which is listed after it"),
    "needs unknown": ([s("a", depends_on=["z"])], {}, "step a: dependsOn names z, and there is no such step"),
    "needs twice": ([s("a"), s("b", depends_on=["a", "a"])], {}, "step b: dependsOn names a 2 times"),
    "undo attempts": (
        [s("a")],
        {"compensation_policy": CompensationPolicy(retry_policy=RetryPolicy(max_attempts=3))},
        "compensationPolicy.retryPolicy: compensations never give up by themselves",
    ),
    "no duration": ([s("a", timeout="soon")], {}, "step a: timeout: 'soon' is no duration"),
    "timeout too long": ([s("a", timeout="2h")], {}, "step a: timeout: 2h is not between 10ms and 1h"),
    "deadline too short": ([s("a")], {"deadline": "500ms"}, "deadline: 500ms is not between 1s and 720h"),
    "undo timeout": (
        [s("a", compensation=undo(command="u", timeout="1ms"))],
        {},
        "step a: compensation.timeout: 1ms is not between",
    ),
    "intervals": (
        [s("a", retry_policy=RetryPolicy(initial_interval="1m"))],
        {},
        r"step a: retryPolicy: maxInterval \(30s\) is shorter than initialInterval \(1m\)",
    ),
    "default interval": (
        [s("a")],
        {"defaults": Defaults(retry_policy=RetryPolicy(max_interval="25h"))},
        "defaults.retryPolicy.maxInterval: 25h is not between 1ms and 24h",
    ),
    "bad reference": ([bad_input("$(inputs.x)")], {}, r"step b: input: \$\(inputs.x\) in '\$\(inputs.x\)' is neither"),
    "refers to unknown": ([bad_input("$(steps.z.output.x)")], {}, "step b: input: .* names the step z, and there"),
    "refers to itself": ([bad_input("$(steps.b.output.x)")], {}, "step b: input: .* does not depend on"),
    "refers beside": (
        [s("a"), bad_input("$(steps.a.output.x)", depends_on=[])],
        {},
        "step b: input: .* names a step that this one does not depend on.*add a to dependsOn",
    ),
    "undo refers beside": (
        [s("a"), s("b", depends_on=[], compensation=undo(command="u", input={"x": "$(steps.a.output.x)"}))],
        {},
        "step b: compensation.input: .* does not depend on",
    ),
    "refers to approval": (
        [approval(), bad_input("$(steps.review.output.x)")],
        {},
        "step b: input: .* names an approval, which has no output",
    ),
    "when is text": (
        [s("a", when=[Condition(input="risk", operator="In", values=["x"])])],
        {},
        r"step a: when\[0\]: 'risk' must be one reference",
    ),
    "when refers beside": (
        [s("a"), s("b", depends_on=[], when=[Condition(input="$(steps.a.output.x)", operator="In", values=["x"])])],
        {},
        r"step b: when\[0\]: .* does not depend on",
    ),
    "schema": ([s("a")], {"input_schema": {"type": "strin"}}, "inputSchema: .*strin"),
    "schema fetches": ([s("a")], {"input_schema": {"$ref": "http://127.0.0.1:1/x"}}, "inputSchema: "),
    "deadline": (
        [s("a"), s("b")],
        {"deadline": "30s"},
        "deadline: the steps that may still go back can take 56s with every retry, longer than the deadline 30s",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "spec", "sentence"), CASES.values(), ids=CASES)
def test_a_definition_is_refused_with_the_reason(steps, spec, sentence):
    problems = refusal(*steps, **spec).problems
    assert [problem for problem in problems if re.search(sentence, problem)], problems


def test_all_problems_are_named_at_once():
    refused = refusal(
        s("a", timeout="soon", compensation=None),
        s("a", depends_on=["z"], input={"x": "$(nothing)"}),
        deadline="forever",
        input_schema={"type": 3},
    )
    assert refused.reason == "Invalid"
    assert len(refused.problems) == 7
    assert str(refused) == "; ".join(refused.problems)


def test_steps_side_by_side_count_once_against_the_deadline():
    compile_definition(stored_definition(s("a"), s("b", depends_on=[]), deadline="30s"))


def test_steps_after_the_pivot_do_not_count_against_the_deadline():
    compile_definition(stored_definition(s("p", pivot=True), after("x"), after("y"), deadline="30s"))


def test_an_unsound_definition_with_an_approval_is_invalid():
    assert refusal(approval(), s("b", compensation=None)).reason == "Invalid"
