"""The starter against the real API server: creates what was asked for, once, and follows it to its verdict."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from kubernetes.client import ApiException, CustomObjectsApi
from prometheus_client import REGISTRY
from skald.messaging.events import ReceivedEvent
from skald.repository import Done, Event, Repository, codec_of
from skald.sagaapi import SagaApi, SagaApiError
from skald.sagas import SagaSpec, Verdict, asking_to_cancel, verdict_of
from skald.settings import KubernetesSettings
from skald.starter import Starter
from skald.testing.waiting import eventually


@dataclass(frozen=True)
class Order:
    status: str = "Pending"
    reason: str | None = None
    message: str = ""


def conclude(order: Order, verdict: Verdict) -> Done[Order]:
    if order.status != "Pending":
        return Done(order)
    status = {"Succeeded": "Confirmed", "Compensated": "Rejected"}.get(verdict.phase, "NeedsAttention")
    return Done(Order(status, verdict.reason, verdict.message), events=[Event(f"orders.{status.lower()}", "o")])


class Cluster:
    """The administrator's hands in one namespace."""

    def __init__(self, parts, namespace: str, token_file) -> None:
        token_file.write_text(parts.admin_token)
        self.namespace = namespace
        self.token_file = token_file
        environ = {
            "SKALD_SERVICE": "orders",
            "SKALD_NAMESPACE": namespace,
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_KUBERNETES_URL": parts.kubernetes_url,
            "SKALD_KUBERNETES_TOKEN_FILE": str(token_file),
            "SKALD_KUBERNETES_CA_FILE": str(parts.ca_file),
        }
        self.settings = KubernetesSettings.from_env(environ)
        self.sagas = SagaApi(self.settings)
        self._api: CustomObjectsApi = self.sagas._api

    def _where(self, *name: str) -> tuple[str, ...]:
        return ("skald.dev", "v1alpha1", self.namespace, "sagas", *name)

    def names(self) -> list[str]:
        return [one["metadata"]["name"] for one in self._api.list_namespaced_custom_object(*self._where())["items"]]

    def finish(self, name: str, **status: Any) -> None:
        self._api.patch_namespaced_custom_object_status(*self._where(name), {"status": status})

    def delete(self, name: str) -> None:
        abandon = {"metadata": {"annotations": {"skald.dev/abandon": "true"}}}
        self._api.patch_namespaced_custom_object(*self._where(name), abandon)
        self._api.delete_namespaced_custom_object(*self._where(name))
        eventually("it is gone", lambda: name not in self.names())


@pytest.fixture(scope="module")
def namespace(parts) -> str:
    return str(parts.new_namespace())


@pytest.fixture
def cluster(parts, namespace, tmp_path) -> Cluster:
    return Cluster(parts, namespace, tmp_path / "token")


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def orders(database, clock) -> Repository[Order]:
    return Repository(database["orders"], codec_of(Order), clock=clock)


@pytest.fixture
def starter(orders, cluster, clock) -> Starter[Order]:
    made = Starter(orders, cluster.sagas, conclude, clock=clock)
    made.ensure_index()
    return made


@pytest.fixture
def name(orders) -> str:
    """An order that asks for a saga of this name."""
    name = f"order-{uuid.uuid4()}"
    orders.insert("o-1", Order(), saga=SagaSpec(name, "place-order-v1", {"orderId": "o-1", "total": {"amount": 5}}))
    return name


def test_the_saga_is_created_with_exactly_the_spec_that_was_asked_for(starter, cluster, name) -> None:
    assert starter.check_once()
    saga = cluster.sagas.get(name)
    assert saga["spec"]["definition"] == "place-order-v1"
    assert saga["spec"]["idempotencyKey"] == name
    assert saga["spec"]["input"] == {"orderId": "o-1", "total": {"amount": 5}}
    assert not starter.check_once(), "nothing is due now"


@pytest.mark.parametrize(
    ("status", "order"),
    [
        ({"phase": "Succeeded"}, Order("Confirmed")),
        (
            {"phase": "Compensated", "failure": {"step": "reserve-stock", "code": "OutOfStock"}},
            Order("Rejected", "OutOfStock"),
        ),
        ({"phase": "Aborted"}, Order("NeedsAttention")),
    ],
)
def test_the_verdict_is_written_with_its_event(starter, cluster, orders, clock, name, status, order) -> None:
    starter.check_once()
    cluster.finish(name, **status)
    clock.now += 60
    assert starter.check_once()
    assert orders.get("o-1").state == order
    assert [one["type"] for one in orders.outbox.waiting()[0].events] == [f"orders.{order.status.lower()}"]
    clock.now += 1000
    assert not starter.check_once(), "nothing is left to do"


def test_the_finished_event_hastens_the_check(starter, cluster, orders, clock, name) -> None:
    starter.check_once()
    cluster.finish(name, phase="Succeeded")
    data = {"name": name, "namespace": cluster.namespace}
    event = ReceivedEvent("e", "dev.skald.saga.finished", "saga-operator", f"{cluster.namespace}/{name}", data)
    starter.hasten(event)
    assert starter.check_once()
    starter.hasten(event)
    assert not starter.check_once(), "a repeated event finds nothing to do"
    assert orders.get("o-1").state.status == "Confirmed"


def test_a_finished_event_of_another_namespace_is_not_ours(starter, name) -> None:
    starter.check_once()
    starter.hasten(ReceivedEvent("e", "t", "s", "x", {"name": name, "namespace": "elsewhere"}))
    assert not starter.check_once()


def test_a_saga_that_exists_already_is_followed(starter, cluster, orders, name) -> None:
    starter._present({"name": name, "spec": orders.collection.find_one()["saga"]["spec"], "checks": 1})
    cluster.finish(name, phase="Succeeded")
    assert starter.check_once()
    assert orders.get("o-1").state.status == "Confirmed"
    assert cluster.names().count(name) == 1


def test_a_saga_that_vanished_before_the_verdict_is_created_again(starter, cluster, clock, name) -> None:
    starter.check_once()
    cluster.delete(name)
    clock.now += 60
    starter.check_once()
    assert name in cluster.names()


def test_a_check_that_nobody_finished_comes_up_again(starter, cluster, clock, name) -> None:
    assert starter._claim() is not None
    assert not starter.check_once(), "somebody else is at it"
    clock.now += 31
    assert starter.check_once()
    assert name in cluster.names()


def test_two_workers_do_not_carry_out_one_check(starter, orders, cluster, name) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda _: starter.check_once(), range(4))) == [False, False, False, True]


def test_an_api_server_that_is_away_delays_and_loses_nothing(starter, orders, cluster, clock, name) -> None:
    gone = cluster.settings.model_copy(update={"kubernetes_url": "https://127.0.0.1:1"})
    away = Starter(orders, SagaApi(gone), conclude, clock=clock)
    assert away.check_once()
    assert not starter.check_once()
    clock.now += 60
    starter.check_once()
    assert name in cluster.names()


def test_what_admission_refuses_for_good_ends_the_wait_with_the_api_servers_sentence(starter, orders, clock) -> None:
    orders.insert("o-2", Order(), saga=SagaSpec(f"order-{uuid.uuid4()}", "", {}))
    assert starter.check_once()
    ended = orders.get("o-2").state
    assert (ended.status, ended.reason) == ("NeedsAttention", "SagaRefused")
    assert "spec.definition" in ended.message
    clock.now += 1000
    assert not starter.check_once(), "nothing is left to do"


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_422_about_a_saga_that_is_there_is_not_the_verdict(
    starter, cluster, orders, clock, name, monkeypatch, verb
) -> None:
    starter.check_once()
    ask_to_cancel(orders, clock)

    def refused(*_: Any, **__: Any) -> None:
        raise ApiException(422, "Unprocessable Entity")

    with monkeypatch.context() as away:
        away.setattr(cluster.sagas._api, f"{verb}_namespaced_custom_object", refused)
        assert starter.check_once()
    assert orders.get("o-1").state.status == "Pending"
    clock.now += 60
    assert starter.check_once(), "it comes up again"
    assert cluster.sagas.get(name)["spec"]["cancel"] is True


@pytest.fixture
def stranger(parts, orders, cluster, clock) -> Iterator[Starter[Order]]:
    """A starter whose account has no right to sagas."""
    good = cluster.token_file.read_text()
    cluster.token_file.write_text((parts.tokens_dir("payments") / "kubernetes").read_text())
    yield Starter(orders, cluster.sagas, conclude, clock=clock)
    cluster.token_file.write_text(good)


def test_a_missing_right_is_waited_for_and_seen(stranger, orders, cluster, clock, name, caplog) -> None:
    refusals = partial(
        REGISTRY.get_sample_value, "skald_starter_requests_total", {"request": "create", "answer": "403"}
    )
    before = refusals() or 0
    assert stranger.check_once()
    assert refusals() == before + 1
    assert "cannot create resource" in caplog.text
    assert orders.get("o-1").state.status == "Pending"
    clock.now += 60
    assert stranger.check_once()


def ask_to_cancel(orders, clock) -> None:
    orders.update("o-1", Done, fields=asking_to_cancel(clock.now))


def test_a_cancel_reaches_the_saga_once(starter, cluster, orders, clock, name) -> None:
    starter.check_once()
    assert "cancel" not in cluster.sagas.get(name)["spec"]
    ask_to_cancel(orders, clock)
    assert starter.check_once(), "it is due at once"
    cancelled = cluster.sagas.get(name)
    assert cancelled["spec"]["cancel"] is True
    ask_to_cancel(orders, clock)
    assert starter.check_once()
    assert cluster.sagas.get(name)["metadata"]["resourceVersion"] == cancelled["metadata"]["resourceVersion"]


def test_a_cancel_that_comes_before_the_saga_starts_it_cancelled(starter, cluster, orders, clock, name) -> None:
    ask_to_cancel(orders, clock)
    starter.check_once()
    assert cluster.sagas.get(name)["spec"]["cancel"] is True


def test_a_saga_that_a_restore_brought_back_uncancelled_is_cancelled_again(
    starter, cluster, orders, clock, name
) -> None:
    starter.check_once()
    ask_to_cancel(orders, clock)
    starter.check_once()
    cluster.delete(name)
    clock.now += 60
    starter.check_once()
    assert cluster.sagas.get(name)["spec"]["cancel"] is True


def test_a_cancel_that_is_too_late_leaves_the_saga_as_it_ended(starter, cluster, orders, clock, name) -> None:
    starter.check_once()
    cluster.finish(name, phase="Succeeded")
    ask_to_cancel(orders, clock)
    starter.check_once()
    assert "cancel" not in cluster.sagas.get(name)["spec"]
    assert orders.get("o-1").state.status == "Confirmed"


def test_the_token_is_read_for_each_request(cluster, name) -> None:
    good = cluster.token_file.read_text()
    cluster.token_file.write_text("expired")
    with pytest.raises(SagaApiError, match="401"):
        cluster.sagas.get(name)
    cluster.token_file.unlink()
    with pytest.raises(SagaApiError, match=r"could not be asked.*No such file"):
        cluster.sagas.get(name)
    cluster.token_file.write_text(good)
    assert cluster.sagas.get(name) is None


def test_the_loop_starts_follows_and_ends(starter, cluster, orders, clock, name) -> None:
    import threading

    stop = threading.Event()
    loop = threading.Thread(target=starter.run, args=(stop,))
    loop.start()
    eventually("the saga is created", lambda: name in cluster.names())
    cluster.finish(name, phase="Compensated")

    def rejected() -> bool:
        clock.now += 60  # the loop may read the clock only after the first time
        return orders.get("o-1").state.status == "Rejected"

    eventually("the order is rejected", rejected)
    stop.set()
    loop.join(timeout=30)
    assert not loop.is_alive()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ({}, None),
        ({"phase": "Running"}, None),
        ({"phase": "Succeeded"}, Verdict("Succeeded")),
        (
            {"phase": "Compensated", "failure": {"code": "CardDeclined", "message": "no"}},
            Verdict("Compensated", "CardDeclined", "no"),
        ),
        (
            {
                "phase": "Compensated",
                "conditions": [{"type": "Succeeded", "status": "False", "reason": "DeadlineExceeded"}],
            },
            Verdict("Compensated", "DeadlineExceeded"),
        ),
    ],
)
def test_a_terminal_phase_is_the_verdict(status, verdict) -> None:
    assert verdict_of({"status": status}) == verdict
