"""The worker and the test provider as processes, on the real broker, database and API server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from functools import partial
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from skald.testing.broker import BrokerAdmin, OperatorProbe
from skald.testing.contracts import event_errors
from skald.testing.messages import SagaStep
from skald.testing.ports import free_port
from skald.testing.waiting import eventually
from skald_wire import ReplyType

AMOUNT = 24_900


@pytest.fixture
def start(tmp_path):
    """Starts processes, which are gone when the test is over."""
    processes = []

    def start(*arguments, **environment):
        log = (tmp_path / f"{len(processes)}.log").open("wb")
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def vhost(parts):
    return parts.new_vhost()


@pytest.fixture
def operator(parts, vhost):
    with closing(OperatorProbe(parts.amqp_url("saga-operator", vhost))) as operator:
        yield operator


def ledger_of(url, token):
    """The provider's books as the holder of the token gets them: the status, and the sums."""
    request = Request(f"{url}/v1/ledger", headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(request) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, None
    except URLError:
        return None, None


@pytest.fixture
def provider_url(parts, start):
    bind = f"127.0.0.1:{free_port()}"
    environment = {
        **parts.env("test-provider"),
        "SKALD_BIND": bind,
        "SKALD_METRICS_BIND": "127.0.0.1:0",
        "SKALD_MONGODB_DATABASE": parts.new_database("test-provider"),
        "SKALD_PROVIDER_SLOWNESS": "1",
    }
    start("test_provider", **environment)
    url = f"http://{bind}"
    # The first token needs keys from the API server, which may be too slow for one request, but not for this.
    token = (parts.tokens_dir("payments") / "test-provider").read_text()
    eventually("the provider answers", lambda: ledger_of(url, token)[0] == 200)
    return url


@pytest.fixture
def worker(parts, start, vhost, provider_url):
    """Starts a worker; all of them share a database with ada's methods in it."""
    environment = {
        **parts.env("payments-worker"),
        "SKALD_AMQP_URL": parts.amqp_url("payments", vhost),
        "SKALD_MONGODB_DATABASE": parts.new_database("payments"),
        "SKALD_METRICS_BIND": "127.0.0.1:0",
        "SKALD_PROVIDER_URL": provider_url,
    }
    assert start("payments", "seed", **environment).wait(30) == 0
    return partial(start, "payments", "worker", **environment)


def paying(method):
    amount = {"amount": AMOUNT, "currency": "EUR"}
    return {"orderId": str(uuid4()), "userId": "ada", "amount": amount, "method": method}


def test_only_payments_own_token_for_the_provider_opens_its_books(parts, provider_url):
    tokens = {
        "payments for the provider": (parts.tokens_dir("payments") / "test-provider").read_text(),
        "payments for Kubernetes": (parts.tokens_dir("payments") / "kubernetes").read_text(),
        "orders for catalog": (parts.tokens_dir("orders") / "catalog").read_text(),
        "nobody": "",
    }
    statuses = {whose: ledger_of(provider_url, token)[0] for whose, token in tokens.items()}
    assert statuses == {
        "payments for the provider": 200,
        "payments for Kubernetes": 401,
        "orders for catalog": 401,
        "nobody": 401,
    }


def test_a_worker_authorizes_and_captures_and_its_event_goes_out(parts, vhost, worker, operator, provider_url):
    process = worker()
    saga = partial(SagaStep, "payments", f"saga-{uuid4()}")
    with closing(BrokerAdmin(parts.amqp_url("admin", vhost))) as admin:
        events = admin.subscribe("payments.#")
        authorized = operator.ask(saga("authorize").action("authorize", paying("pm_ok")))
        assert authorized.type is ReplyType.SUCCEEDED
        capture = saga("capture").action("capture", {"paymentId": authorized.body["paymentId"]})
        assert operator.ask(capture).type is ReplyType.SUCCEEDED
        _, body = eventually("payments.captured is published", lambda: admin.take(events))
    event = json.loads(body)
    assert (event["type"], event_errors(event)) == ("payments.captured", [])
    token = (parts.tokens_dir("payments") / "test-provider").read_text()
    assert ledger_of(provider_url, token)[1]["captured"] == AMOUNT
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_R5_a_worker_killed_while_the_card_is_slow_is_followed_by_one_that_pays_once(
    parts, worker, operator, provider_url
):
    token = (parts.tokens_dir("payments") / "test-provider").read_text()
    first = worker()
    saga = partial(SagaStep, "payments", f"saga-{uuid4()}")
    body = paying("pm_slow")
    operator.send(saga("authorize").action("authorize", body))
    entries = Request(
        f"{provider_url}/v1/entries?order={body['orderId']}", headers={"Authorization": f"Bearer {token}"}
    )

    def asked():
        with urlopen(entries) as answer:
            return json.load(answer)["items"]

    eventually("the provider was asked", asked)
    first.kill()
    first.wait()
    worker()
    assert operator.reply().type is ReplyType.SUCCEEDED
    assert ledger_of(provider_url, token)[1]["authorized"] == AMOUNT
