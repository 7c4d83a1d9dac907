"""``python -m inventory seed`` and ``worker`` as processes, on the real broker and database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import bson
import yaml
from inventory.domain import Line
from inventory.store import MongoShelf
from inventory.worker import MARKS_KEPT, PAUSE, Forgetting
from skald.mongo import StoreUnavailable
from skald.testing.broker import OperatorProbe
from skald.testing.messages import SagaStep
from skald_wire import ReplyType

from services.inventory.tests.model import reservation


def test_seed_stocks_the_shelf_and_a_worker_reserves_from_it(parts):
    vhost = parts.new_vhost()
    name = parts.new_database("inventory")
    environment = {
        **os.environ,
        **parts.env("inventory-worker"),
        "SKALD_AMQP_URL": parts.amqp_url("inventory", vhost),
        "SKALD_MONGODB_DATABASE": name,
        "SKALD_METRICS_BIND": "127.0.0.1:0",
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-m", "inventory", "seed"], env=environment, check=True, timeout=60)
    order = {"orderId": str(uuid4()), "lines": [{"sku": "drum", "quantity": 2}, {"sku": "horn", "quantity": 1}]}
    reserve = SagaStep("inventory", f"saga-{uuid4()}", "reserve").action("reserve", order)
    with (
        closing(OperatorProbe(parts.amqp_url("saga-operator", vhost))) as operator,
        subprocess.Popen([sys.executable, "-m", "inventory", "worker"], env=environment) as process,
    ):
        try:
            reply = operator.ask(reserve)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert (reply.type, reply.code) == (ReplyType.FAILED, "OutOfStock")
    drum = MongoShelf(parts.database("inventory").client[name]).get("drum")
    assert (drum.initial, drum.available) == (10, 10)


def test_R7_marks_are_forgotten_when_their_time_is_over(stocked, database):
    ended = reservation("ended", Line("drum", 1), minutes=1000)
    ended.take_back(stocked)
    begun = 1000 * 60.0
    assert Forgetting(stocked, clock=lambda: begun + MARKS_KEPT).forget() == 0
    assert Forgetting(stocked, clock=lambda: begun + MARKS_KEPT + 1).forget() == 1
    assert database["stock"].find_one({"_id": "drum"})["holds"] == {}


def seconds(duration):
    unit = {"ms": 0.001, "s": 1.0, "m": 60.0}
    number, name = re.fullmatch(r"([0-9]+)(ms|s|m)", duration).groups()
    return int(number) * unit[name]


def test_marks_are_kept_for_as_long_as_failed_answers_let_a_saga_try_a_reservation():
    defaults = yaml.safe_load(Path("manifests/definitions/place-order-v1.yaml").read_text())["spec"]["defaults"]
    retry = defaults["retryPolicy"]
    longest = retry["maxAttempts"] * (seconds(defaults["timeout"]) + seconds(retry["maxInterval"]))
    assert longest < MARKS_KEPT


def test_a_sku_that_two_hundred_orders_a_second_ask_for_stays_far_below_what_a_document_may_have(stocked, database):
    def size():
        return len(bson.encode(database["stock"].find_one({"_id": "drum"})))

    empty = size()
    reservation("sold", Line("drum", 1), minutes=10**8).take(stocked)
    assert (size() - empty) * 200 * (MARKS_KEPT + PAUSE) < 16 * 2**20 / 2


def test_forgetting_goes_on_after_a_round_without_the_database(caplog):
    stop, rounds = threading.Event(), []

    class Away:
        def forget(self, before):
            rounds.append(before)
            if len(rounds) == 2:
                stop.set()
            raise StoreUnavailable("the database did not answer")

    Forgetting(Away(), clock=lambda: 0.0, pause=0.0).run(stop)
    assert len(rounds) == 2
    assert "no marks are forgotten in this round" in caplog.text
