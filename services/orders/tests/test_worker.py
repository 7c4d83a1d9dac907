"""``python -m orders worker`` as a process of its own, on a real API server, broker and database.

The test plays the saga operator: it writes the terminal status and publishes the event that hastens the verdict.
"""

import json
import os
import subprocess
import sys
import uuid
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pika
import pytest
from kubernetes import client
from orders.domain import Order, PricedLine, Status
from orders.saga import saga_name, saga_of
from orders.settings import OrdersWorker
from orders.store import Orders
from skald.moments import rfc3339
from skald.money import Money
from skald.mongo import connect
from skald.testing.contracts import event_errors
from skald.testing.waiting import eventually

EUR_10 = Money(1000, "EUR")


class Kubernetes:
    """The administrator's hands on the sagas of one namespace."""

    def __init__(self, parts):
        configuration = client.Configuration(host=parts.kubernetes_url)
        configuration.ssl_ca_cert = str(parts.ca_file)
        configuration.api_key["authorization"] = f"Bearer {parts.admin_token}"
        api = client.ApiClient(configuration)
        self._core, self._objects = client.CoreV1Api(api), client.CustomObjectsApi(api)
        self.namespace = parts.new_namespace()
        self._sagas = ("skald.dev", "v1alpha1", self.namespace, "sagas")

    def token_of(self, account):
        request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[]))
        return self._core.create_namespaced_service_account_token(account, self.namespace, request).status.token

    def saga(self, name):
        try:
            return self._objects.get_namespaced_custom_object(*self._sagas, name)
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise

    def end(self, name, phase, **status):
        """Write a terminal status, as the operator does."""
        patch = {"status": {"phase": phase, **status}}
        return self._objects.patch_namespaced_custom_object_status(*self._sagas, name, patch)

    def vanish(self, name):
        """Take a saga away, as a restore of etcd to before it does."""
        annotation = {"metadata": {"annotations": {"skald.dev/abandon": "true"}}}
        self._objects.patch_namespaced_custom_object(*self._sagas, name, annotation)
        self._objects.delete_namespaced_custom_object(*self._sagas, name)


class Broker:
    """Hears what orders publishes, and publishes what the operator would."""

    def __init__(self, parts):
        self.vhost = parts.new_vhost()
        self._admin, self._operator = (
            # Nobody would answer the broker's heartbeats while other tests run.
            pika.BlockingConnection(pika.URLParameters(f"{parts.amqp_url(user, self.vhost)}?heartbeat=0"))
            for user in ("admin", "saga-operator")
        )
        self._events = self._admin.channel()
        self._queue = self._events.queue_declare("", exclusive=True).method.queue
        self._events.queue_bind(self._queue, "events", "orders.#")
        self._heard = {}

    def finished(self, saga):
        """Publish ``dev.skald.saga.finished``."""
        name, uid = saga["metadata"]["name"], saga["metadata"]["uid"]
        namespace, phase = saga["metadata"]["namespace"], saga["status"]["phase"]
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid5(uuid.UUID(uid), phase)),
            "source": "saga-operator",
            "type": "dev.skald.saga.finished",
            "subject": f"{namespace}/{name}",
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": {"namespace": namespace, "name": name, "uid": uid, "phase": phase},
        }
        assert event_errors(event) == []
        self._operator.channel().basic_publish("events", event["type"], json.dumps(event).encode())

    def told(self, order_id, count):
        """The first events about an order, once there are so many."""

        def listen():
            while body := self._events.basic_get(self._queue, auto_ack=True)[2]:
                event = json.loads(body)
                self._heard.setdefault(event["subject"], []).append(event)
            heard = self._heard.get(order_id, [])
            return heard if len(heard) >= count else None

        return eventually(f"{count} events about order {order_id}", listen)

    def close(self):
        self._operator.close()
        self._admin.close()


@pytest.fixture(scope="module")
def kubernetes(parts):
    return Kubernetes(parts)


@pytest.fixture(scope="module")
def broker(parts):
    with closing(Broker(parts)) as broker:
        yield broker


@pytest.fixture(scope="module")
def environment(parts, kubernetes, broker, tmp_path_factory):
    token = tmp_path_factory.mktemp("orders") / "token"
    token.write_text(kubernetes.token_of("orders"))
    return {
        **parts.env("orders-worker"),
        "SKALD_NAMESPACE": kubernetes.namespace,
        "SKALD_KUBERNETES_TOKEN_FILE": str(token),
        "SKALD_AMQP_URL": parts.amqp_url("orders", broker.vhost),
        "SKALD_MONGODB_DATABASE": parts.new_database("orders"),
        "SKALD_METRICS_BIND": "127.0.0.1:0",
    }


@pytest.fixture(scope="module")
def orders(environment):
    return Orders(connect(OrdersWorker.from_env(environment)))


@contextmanager
def worker(environment):
    """A worker that runs, and is gone afterwards however it ended."""
    process = subprocess.Popen([sys.executable, "-m", "orders", "worker"], env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def running(environment):
    with worker(environment) as process:
        yield process
        process.terminate()
        assert process.wait(30) == 0, "the worker did not stop in good order"


def add_order(orders):
    order_id = str(uuid.uuid4())
    order = Order(
        id=order_id,
        user="ada",
        request="f",
        lines=(PricedLine("harp", 1, EUR_10, EUR_10),),
        total=EUR_10,
        payment_method="pm_ok",
        address="default",
        placed_at=rfc3339(1_763_812_800.0),
    )
    return orders.add(order, saga_of(order, "place-order-v1"))


def concluded(orders, order_id):
    """The order once it has its verdict."""

    def read():
        order = orders.get(order_id)
        return order if order.status is not Status.PENDING else None

    return eventually(f"order {order_id} has its verdict", read)


@pytest.mark.usefixtures("running")
def test_an_order_becomes_exactly_the_saga_it_asked_for(orders, kubernetes):
    order = add_order(orders)
    saga = eventually("the saga is there", lambda: kubernetes.saga(saga_name(order.id)))
    wanted = saga_of(order, "place-order-v1")
    assert saga["spec"] == {
        "definition": "place-order-v1",
        "idempotencyKey": wanted.name,
        "input": wanted.input,
        "ttlSecondsAfterFinished": wanted.kept,
    }


@pytest.mark.parametrize(
    ("phase", "reason", "status", "event_type"),
    [
        ("Succeeded", None, Status.CONFIRMED, "orders.confirmed"),
        ("Compensated", "OutOfStock", Status.REJECTED, "orders.rejected"),
        ("Aborted", "CardDeclined", Status.NEEDS_ATTENTION, "orders.needs-attention"),
    ],
)
@pytest.mark.usefixtures("running")
def test_the_verdict_concludes_the_order_and_is_told(orders, kubernetes, broker, phase, reason, status, event_type):
    order = add_order(orders)
    name = saga_name(order.id)
    eventually("the saga is there", lambda: kubernetes.saga(name))
    why = {"failure": {"step": "reserve-stock", "code": reason, "message": "", "attempts": 1}} if reason else {}
    broker.finished(kubernetes.end(name, phase, **why))
    ended = concluded(orders, order.id)
    assert (ended.status, ended.reason) == (status, reason)
    events = broker.told(order.id, 2)
    assert [event["type"] for event in events] == ["orders.placed", event_type]
    assert [event_errors(event) for event in events] == [[], []]


@pytest.mark.usefixtures("running")
def test_a_finished_event_that_comes_often_concludes_once(orders, kubernetes, broker):
    order = add_order(orders)
    name = saga_name(order.id)
    eventually("the saga is there", lambda: kubernetes.saga(name))
    ended = kubernetes.end(name, "Succeeded")
    for _ in range(3):
        broker.finished(ended)
    concluded(orders, order.id)
    broker.told(add_order(orders).id, 1)  # published after whatever the three had led to
    assert [event["type"] for event in broker.told(order.id, 2)] == ["orders.placed", "orders.confirmed"]


@pytest.mark.usefixtures("running")
def test_without_the_event_the_worker_looks_by_itself(orders, kubernetes):
    order = add_order(orders)
    eventually("the saga is there", lambda: kubernetes.saga(saga_name(order.id)))
    kubernetes.end(saga_name(order.id), "Succeeded")
    assert concluded(orders, order.id).status is Status.CONFIRMED


@pytest.mark.usefixtures("running")
def test_a_saga_that_a_restore_took_away_is_created_again_as_it_was(orders, kubernetes):
    order = add_order(orders)
    name = saga_name(order.id)
    first = eventually("the saga is there", lambda: kubernetes.saga(name))
    kubernetes.vanish(name)
    second = eventually("the saga is there again", lambda: kubernetes.saga(name))
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["spec"] == first["spec"]


def test_an_order_that_a_killed_worker_left_behind_is_finished_by_the_next(parts, environment, kubernetes):
    alone = {**environment, "SKALD_MONGODB_DATABASE": parts.new_database("orders")}
    orders = Orders(connect(OrdersWorker.from_env(alone)))
    with worker(alone):
        order = add_order(orders)
        eventually("the saga is there", lambda: kubernetes.saga(saga_name(order.id)))
    kubernetes.end(saga_name(order.id), "Succeeded")
    unstarted = add_order(orders)
    with worker(alone):
        assert concluded(orders, order.id).status is Status.CONFIRMED
        eventually("the saga is there", lambda: kubernetes.saga(saga_name(unstarted.id)))
