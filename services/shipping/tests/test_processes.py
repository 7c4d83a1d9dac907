"""``python -m shipping worker`` as a process, on the real broker and database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from uuid import uuid4

from skald.testing.broker import BrokerAdmin, OperatorProbe
from skald.testing.contracts import event_errors
from skald.testing.messages import SagaStep
from skald.testing.waiting import eventually
from skald_wire import OnFailure, ReplyType


def test_a_worker_dispatches_and_its_event_goes_out(parts):
    vhost = parts.new_vhost()
    environment = {
        **parts.env("shipping-worker"),
        "SKALD_AMQP_URL": parts.amqp_url("shipping", vhost),
        "SKALD_MONGODB_DATABASE": parts.new_database("shipping"),
        "SKALD_METRICS_BIND": "127.0.0.1:0",
    }
    lines = [{"sku": "drum", "quantity": 2}]
    order = {"orderId": str(uuid4()), "userId": "ada", "lines": lines, "addressId": "default"}
    dispatch = SagaStep("shipping", f"saga-{uuid4()}", "dispatch").action("dispatch", order, on_failure=OnFailure.RETRY)
    with (
        closing(OperatorProbe(parts.amqp_url("saga-operator", vhost))) as operator,
        closing(BrokerAdmin(parts.amqp_url("admin", vhost))) as admin,
        subprocess.Popen([sys.executable, "-m", "shipping", "worker"], env={**os.environ, **environment}) as process,
    ):
        try:
            events = admin.subscribe("shipping.#")
            assert operator.ask(dispatch).type is ReplyType.SUCCEEDED
            _, body = eventually("shipping.dispatched is published", lambda: admin.take(events))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    event = json.loads(body)
    assert (event["type"], event_errors(event)) == ("shipping.dispatched", [])
