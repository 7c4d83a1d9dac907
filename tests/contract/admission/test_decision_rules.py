"""A decision is made once, in one's own name, and says why."""

from __future__ import annotations

import pytest

ADA = "ada@example.org"


def decision(**more):
    return {"saga": "order-1", "action": "Retry", "step": "pay", "by": ADA, "reason": "Ticket 88"} | more


@pytest.fixture
def decide(api, grant, namespace, name):
    """Create a decision as ada, who may decide."""
    grant("saga-decider", ADA)

    def decide(spec):
        return api.create(namespace, "sagadecisions", name, spec, user=ADA)

    return decide


@pytest.mark.parametrize(
    "spec",
    [
        decision(),
        decision(action="Approve"),
        decision(action="Reject"),
        decision(action="Skip"),
        decision(action="Complete", output={}),
        {"saga": "order-1", "action": "Abort", "by": ADA, "reason": "Ticket 88"},
    ],
    ids=lambda spec: spec["action"],
)
def test_each_action_can_be_decided_by_who_may(decide, spec):
    verdict = decide(spec)
    assert verdict.accepted, verdict.message


def test_nobody_decides_in_another_name(decide):
    verdict = decide(decision(by="grace@example.org"))
    assert verdict.status == 403
    assert f"spec.by is grace@example.org, and you are {ADA}" in verdict.message


def test_not_even_the_administrator_decides_in_another_name(api, namespace, name):
    assert api.create(namespace, "sagadecisions", name, decision()).status == 403


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (decision(reason=""), "spec.reason"),
        ({key: value for key, value in decision().items() if key != "reason"}, "spec.reason: Required value"),
        ({key: value for key, value in decision().items() if key != "by"}, "spec.by: Required value"),
        (decision(action="Undo"), 'spec.action: Unsupported value: "Undo"'),
        (decision(action="Abort"), "Abort concerns the whole saga and takes no step; every other action needs one"),
        (
            {"saga": "order-1", "action": "Retry", "by": ADA, "reason": "r"},
            "Abort concerns the whole saga and takes no step; every other action needs one",
        ),
        (decision(action="Complete"), "Complete needs the output that the step would have given"),
        (decision(output={}), "no other action takes one"),
    ],
)
def test_a_decision_that_says_too_little_or_too_much_is_refused(decide, spec, message):
    verdict = decide(spec)
    assert verdict.status == 422
    assert message in verdict.message


def test_a_decision_is_immutable(api, decide, namespace, name):
    assert decide(decision()).accepted
    verdict = api.patch(namespace, "sagadecisions", name, {"spec": {"action": "Skip"}})
    assert verdict.status == 422
    assert "a SagaDecision is immutable: create another one" in verdict.message


@pytest.mark.parametrize("changed", [{"state": "Applied"}, {"state": None}])
def test_I6_an_answer_never_changes(api, decide, namespace, name, changed):
    assert decide(decision()).accepted
    assert api.patch(namespace, "sagadecisions", name, {"status": {"state": "Refused", "message": "no"}}).accepted
    verdict = api.patch(namespace, "sagadecisions", name, {"status": changed})
    assert verdict.status == 422
    assert "an answer to a SagaDecision never changes" in verdict.message


def test_unanswered_decisions_can_be_listed_alone(api, decide, namespace, name):
    assert decide(decision()).accepted
    unanswered = "status.state!=Applied,status.state!=Refused"
    assert name in api.names(namespace, "sagadecisions", unanswered)
    assert api.patch(namespace, "sagadecisions", name, {"status": {"state": "Refused"}}).accepted
    assert name not in api.names(namespace, "sagadecisions", unanswered)


def test_the_decisions_about_one_saga_can_be_listed_alone(api, decide, namespace, name):
    assert decide(decision(saga=name)).accepted
    assert api.names(namespace, "sagadecisions", f"spec.saga={name}") == {name}
    assert api.names(namespace, "sagadecisions", f"spec.saga={name}-2") == set()
