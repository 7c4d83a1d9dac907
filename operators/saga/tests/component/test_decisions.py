"""People decide, by objects that RBAC can grant on their own, and are answered on these objects."""

from __future__ import annotations

import pytest

from operators.saga.tests.component.kit.cluster import JSON, eventually
from operators.saga.tests.component.kit.participants import Decline
from operators.saga.tests.component.kit.yard import CHAIN, Shop, Yard, step

UNTIL_DECIDED = {"nonRetryableErrors": ["NoCarrier"], "maxInterval": "1h"}
"""Once it stalls it is not tried again by itself, so that what a decision brings about is the decision's doing."""
DELIVERY = (
    step("reserve", "inventory"),
    step("charge", "payments", pivot=True),
    step("ship", "shipping", compensation=None, retryPolicy=UNTIL_DECIDED),
)
REVIEWED = (
    step("reserve", "inventory"),
    {"name": "review", "approval": {"expiresAfter": "5m"}},
    step("ship", "shipping", pivot=True),
)


def stalled(shop: Shop, saga: str) -> None:
    """A saga whose step after the pivot fails in a way that trying again does not mend."""
    shop.yard.define(f"of-{saga}", *DELIVERY)
    shop.shipping.script["ship"] = lambda _: Decline("NoCarrier")
    shop.cluster.start(saga, f"of-{saga}")
    eventually("stalled", lambda: shop.cluster.stalled(saga) == "StepFailed")


def waiting(shop: Shop, saga: str) -> None:
    """A saga that waits for an approval."""
    shop.yard.define(f"of-{saga}", *REVIEWED)
    shop.cluster.start(saga, f"of-{saga}")
    shop.cluster.wait(saga, "Waiting")


def owners(decision: JSON) -> list[str]:
    return [owner["uid"] for owner in decision["metadata"].get("ownerReferences", [])]


def test_i6_a_retry_that_succeeds_ends_the_saga(shop: Shop) -> None:
    stalled(shop, "retried")
    shop.shipping.script.clear()
    name = shop.cluster.decide("retried", "Retry", "ship")
    assert shop.cluster.answer(name)["state"] == "Applied"
    saga = shop.cluster.wait("retried", "Succeeded")
    recorded = saga["status"]["decisions"][0]
    assert (recorded["action"], recorded["step"], recorded["reason"]) == ("Retry", "ship", "a test says so")
    assert owners(shop.cluster.decision(name)) == [saga["metadata"]["uid"]]
    eventually(
        "an Event for people",
        lambda: "DecisionApplied" in [event["reason"] for event in shop.cluster.events("retried")],
    )


def test_i6_a_completed_step_never_runs_afterwards(shop: Shop) -> None:
    stalled(shop, "completed")
    answer = shop.cluster.answer(shop.cluster.decide("completed", "Complete", "ship", output={"did": "by hand"}))
    assert answer["state"] == "Applied"
    assert answer["appliedAt"]
    saga = shop.cluster.wait("completed", "Succeeded")
    assert saga["status"]["steps"]["ship"]["state"] == "Completed"
    assert "ship" not in shop.shipping.commands("completed")


@pytest.mark.parametrize(("action", "phase"), [("Approve", "Succeeded"), ("Reject", "Compensated")])
def test_i6_an_approval_waits_for_a_person(shop: Shop, action: str, phase: str) -> None:
    saga = f"to-{action.lower()}"
    waiting(shop, saga)
    assert shop.cluster.answer(shop.cluster.decide(saga, action, "review"))["state"] == "Applied"
    shop.cluster.wait(saga, phase)
    assert shop.shipping.commands(saga) == (["ship"] if action == "Approve" else [])


def test_i6_an_abort_leaves_everything_as_it_is(shop: Shop) -> None:
    stalled(shop, "aborted")
    assert shop.cluster.answer(shop.cluster.decide("aborted", "Abort"))["state"] == "Applied"
    shop.cluster.wait("aborted", "Aborted")
    assert shop.inventory.commands("aborted") == ["reserve"]


def test_i6_what_makes_no_sense_is_refused_with_a_reason(shop: Shop) -> None:
    shop.start("plain")
    shop.cluster.wait("plain", "Succeeded")
    waiting(shop, "queried")
    for saga, action, at, sentence in [
        ("nobody", "Retry", "ship", "there is no saga nobody"),
        ("plain", "Retry", "ship", "the saga has ended as Succeeded"),
        ("queried", "Retry", "reserve", "is not stalled"),
        ("queried", "Approve", "ship", "is no approval"),
    ]:
        answer = shop.cluster.answer(shop.cluster.decide(saga, action, at))
        assert answer["state"] == "Refused"
        assert sentence in answer["message"]
        assert "appliedAt" not in answer


def test_i6_what_was_decided_while_no_operator_ran_is_applied_once_by_the_next(yard: Yard) -> None:
    operator = yard.operator()
    operator.start()
    inventory, *_ = yard.serve_chain()
    yard.define("chain", *CHAIN)
    inventory.script["reserve"] = lambda _: None
    yard.cluster.start("seen", "chain", input={"order": "4711"})
    eventually("sent", lambda: inventory.messages("seen"))
    operator.kill()
    yard.cluster.start("unseen", "chain", input={"order": "4712"})
    names = [yard.cluster.decide(saga, "Abort") for saga in ("seen", "unseen")]
    operator.start()
    for name in names:
        assert yard.cluster.answer(name)["state"] == "Applied"
    answered = [yard.cluster.decision(name) for name in names]
    operator.kill()
    operator.start()
    assert [yard.cluster.decision(name) for name in names] == answered
