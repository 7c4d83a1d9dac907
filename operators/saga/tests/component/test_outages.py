"""The operator alone is cut off from a server, and let through again."""

from __future__ import annotations

from operators.saga.tests.component.kit import unhurried
from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.gate import Gate
from operators.saga.tests.component.kit.process import OperatorProcess
from operators.saga.tests.component.kit.yard import CHAIN, Yard


def operator_behind_a_gate(yard: Yard) -> tuple[OperatorProcess, Gate]:
    """Its way to the API server can be shut."""
    gate = yard.gate(yard.parts.port("apiserver"))
    operator = yard.operator(unhurried.__name__, SKALD_KUBERNETES_URL=f"https://127.0.0.1:{gate.port}")
    operator.start()
    yard.define("chain", *CHAIN)
    return operator, gate


def test_while_the_api_server_is_away_sagas_go_on_and_are_written_when_it_is_back(yard: Yard) -> None:
    _, gate = operator_behind_a_gate(yard)
    inventory, payments, shipping = yard.serve_chain()
    inventory.script["reserve"] = lambda _: None
    created = yard.cluster.start("under-way", "chain", input={"order": "4711"})
    eventually("sent", lambda: inventory.seen)
    gate.shut()
    inventory.script.clear()
    eventually("went on without it", lambda: shipping.effects)
    assert yard.cluster.phase("under-way") == "Pending"
    later = yard.cluster.start("not-seen-yet", "chain", input={"order": "4712"})
    gate.open()
    for name in ("under-way", "not-seen-yet"):
        yard.cluster.wait(name, "Succeeded")
    assert [yard.cluster.writes(saga) for saga in (created, later)] == [2, 2]
    assert set(payments.effects.values()) == {1}


def test_a_saga_deleted_while_the_watch_was_cut_is_forgotten(yard: Yard) -> None:
    operator, gate = operator_behind_a_gate(yard)
    inventory, *_ = yard.serve_chain()
    inventory.script["reserve"] = lambda _: None
    yard.cluster.start("deleted", "chain", input={"order": "4711"})
    eventually("sent", lambda: inventory.seen)
    gate.shut()
    yard.cluster.delete_saga("deleted")
    gate.open()
    eventually("forgotten", lambda: operator.metric("skald_saga_active{") == 0)


def test_sagas_created_while_the_broker_is_away_run_when_it_is_back(yard: Yard) -> None:
    port = yard.parts.port("rabbitmq")
    gate = yard.gate(port)
    through_the_gate = yard.parts.amqp_url("saga-operator", vhost=yard.vhost).replace(f":{port}/", f":{gate.port}/")
    operator = yard.operator(unhurried.__name__, SKALD_AMQP_URL=through_the_gate)
    operator.start()
    yard.serve_chain()
    yard.define("chain", *CHAIN)
    gate.shut()
    eventually("not ready", lambda: operator.get("/readyz").status_code == 503)
    created = yard.cluster.start("patient", "chain", input={"order": "4711"})
    gate.open()
    yard.cluster.wait("patient", "Succeeded")
    assert yard.cluster.writes(created) == 2


def test_the_api_server_restarts_under_sagas_at_work(yard: Yard) -> None:
    yard.operator().start()
    inventory, *_ = yard.serve_chain()
    yard.define("chain", *CHAIN)
    inventory.script["reserve"] = lambda _: None
    names = [f"order-{number}" for number in range(10)]
    for name in names:
        yard.cluster.start(name, "chain", input={"order": name})
    eventually("all begun", lambda: len({message.address.saga for message in inventory.seen}) == len(names))
    yard.parts.restart("apiserver")
    inventory.script.clear()
    for name in names:
        yard.cluster.wait(name, "Succeeded")
    assert set(inventory.effects.values()) == {1}
