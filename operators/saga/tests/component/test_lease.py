"""Several operators of one namespace: one runs the sagas, the others wait for it to end."""

from __future__ import annotations

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.process import OperatorProcess
from operators.saga.tests.component.kit.yard import CHAIN, Yard


def lease(yard: Yard) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{yard.namespace}/leases/saga-operator"


def holder(yard: Yard) -> str | None:
    return yard.cluster.call("GET", lease(yard))["spec"].get("holderIdentity")


def runs_the_sagas(operator: OperatorProcess) -> bool:
    return operator.is_ready() and operator.metric("skald_saga_lease_held") == 1


def pair(yard: Yard) -> tuple[OperatorProcess, OperatorProcess]:
    """One that runs the sagas, and one on standby."""
    first, second = yard.operator(), yard.operator()
    first.start()
    yard.define("chain", *CHAIN)
    second.start()
    return first, second


def interrupted(yard: Yard, first: OperatorProcess) -> None:
    """A saga whose second step is not answered while the first operator runs."""
    _, payments, _ = yard.serve_chain()
    payments.script["charge"] = lambda _: None
    yard.cluster.start("order", "chain", input={"order": "4711"})
    eventually("second step reached", lambda: payments.messages("order"))
    assert runs_the_sagas(first)
    payments.script.clear()


def test_one_on_standby_is_ready_and_says_that_it_does_not_run_the_sagas(yard: Yard) -> None:
    first, second = pair(yard)
    assert first.metric("skald_saga_lease_held") == 1
    assert second.metric("skald_saga_lease_held") == 0
    assert holder(yard).endswith(f":{first.port}")


def test_one_on_standby_ends_when_it_is_told_to(yard: Yard) -> None:
    first, second = pair(yard)
    assert second.stop() == 0
    assert runs_the_sagas(first)


def test_after_a_clean_stop_the_other_takes_over_without_waiting_for_the_lease_to_expire(yard: Yard) -> None:
    first, second = pair(yard)
    interrupted(yard, first)
    assert first.stop() == 0
    assert not (holder(yard) or "").endswith(f":{first.port}")
    eventually("the second runs them", lambda: runs_the_sagas(second))
    yard.cluster.wait("order", "Succeeded")


def test_after_a_kill_the_other_takes_over_when_the_lease_has_expired(yard: Yard) -> None:
    first, second = pair(yard)
    interrupted(yard, first)
    first.kill()
    eventually("the second runs them", lambda: runs_the_sagas(second))
    yard.cluster.wait("order", "Succeeded")


def test_one_that_was_killed_and_started_again_takes_its_own_lease_back(yard: Yard) -> None:
    first, second = pair(yard)
    first.kill()
    # Or the other would rightly have it, were this machine slow to start a process.
    yard.cluster.patch(lease(yard), {"spec": {"leaseDurationSeconds": 3600}})
    first.start()
    assert runs_the_sagas(first)
    assert second.metric("skald_saga_lease_held") == 0


def test_one_that_another_has_taken_the_lease_from_ends(yard: Yard) -> None:
    operator = yard.operator()
    operator.start()
    yard.cluster.patch(lease(yard), {"spec": {"holderIdentity": "somebody-else"}})
    assert operator.wait() == 1
    assert "somebody-else took the Lease from" in operator.log


def test_a_lease_that_somebody_deletes_is_made_again(yard: Yard) -> None:
    operator = yard.operator()
    operator.start()
    yard.cluster.call("DELETE", lease(yard))
    eventually("made again", lambda: operator.returned() is None and operator.metric("skald_saga_lease_held") == 1)
    eventually("held", lambda: yard.cluster.exists(lease(yard)) and holder(yard).endswith(f":{operator.port}"))
