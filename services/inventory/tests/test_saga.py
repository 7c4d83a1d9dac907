"""Inventory as a saga meets it: messages in, replies out, stock in the real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from uuid import NAMESPACE_OID, uuid4, uuid5

import pytest
from inventory.commands import Commands, participant
from inventory.domain import Line, Reservation
from inventory.store import MongoShelf
from skald.repository import Repository, codec_of
from skald.testing.messages import SagaStep, cancel
from skald_wire import OnFailure, ReplyType


def order(name, **lines):
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return {"orderId": str(uuid5(NAMESPACE_OID, name)), "lines": wanted}


def stock_of(shelf, *skus):
    return {sku: (stock.available, stock.held, stock.sold) for sku in skus if (stock := shelf.get(sku))}


@pytest.fixture
def saga():
    """Makes the steps of one saga."""
    return partial(SagaStep, "inventory", f"saga-{uuid4()}")


def test_reserve_then_commit_sells(inventory, stocked, saga):
    reserve = saga("reserve").action("reserve", order("o", drum=2, harp=1))
    held = inventory.answer(reserve)
    assert (held.type, held.body) == (ReplyType.SUCCEEDED, {"reservationId": reserve.address.command_id})
    assert stock_of(stocked, "drum", "harp") == {"drum": (3, 2, 0), "harp": (11, 1, 0)}
    commit = saga("commit").action("commit", dict(held.body), on_failure=OnFailure.RETRY)
    assert inventory.answer(commit).type is ReplyType.SUCCEEDED
    assert stock_of(stocked, "drum", "harp") == {"drum": (3, 0, 2), "harp": (11, 0, 1)}


def test_reserve_then_release_brings_everything_back(inventory, stocked, saga):
    reserve = saga("reserve").action("reserve", order("o", drum=2, harp=1))
    held = inventory.answer(reserve)
    release = saga("reserve").compensation("release", dict(held.body))
    assert inventory.answer(release).type is ReplyType.SUCCEEDED
    assert stock_of(stocked, "drum", "harp") == {"drum": (5, 0, 0), "harp": (12, 0, 0)}
    assert inventory.answer(reserve).type is ReplyType.CANCELLED


@pytest.mark.parametrize(("lines", "code"), [({"drum": 2, "harp": 13}, "OutOfStock"), ({"zither": 1}, "UnknownSku")])
def test_R3_an_order_that_cannot_be_met_fails_for_good_and_holds_nothing(inventory, stocked, saga, lines, code):
    reserve = saga("reserve").action("reserve", order("o", **lines))
    for reply in (inventory.answer(reserve), inventory.answer(reserve), inventory.answer(cancel(reserve))):
        assert (reply.type, reply.code, reply.final) == (ReplyType.FAILED, code, True)
    assert stock_of(stocked, "drum", "harp") == {"drum": (5, 0, 0), "harp": (12, 0, 0)}


def test_R3_behind_the_pivot_a_shortage_waits_for_stock(inventory, stocked, saga):
    reserve = saga("reserve").action("reserve", order("o", drum=1, zither=1), on_failure=OnFailure.RETRY)
    short = inventory.answer(reserve)
    assert (short.code, short.final) == ("UnknownSku", False)
    stocked.add([Line("zither", 1)], "2026-01-01T00:00:00.000Z")
    assert inventory.answer(reserve).type is ReplyType.SUCCEEDED
    assert stock_of(stocked, "drum", "zither") == {"drum": (4, 1, 0), "zither": (0, 1, 0)}


def test_input_that_breaks_the_contract_is_refused_for_good(inventory, stocked, saga):
    refused = inventory.answer(saga("reserve").action("reserve", {"orderId": "4711", "lines": []}))
    assert (refused.code, refused.final) == ("InvalidInput", True)
    assert "orderId" in refused.message
    assert "lines" in refused.message


class CrashingShelf(MongoShelf):
    """Dies on a line, once."""

    def __init__(self, database, method, sku):
        super().__init__(database)
        self._deadly = (method, sku)

    def _die_on(self, method, line):
        if self._deadly == (method, line.sku):
            self._deadly = None
            raise KeyboardInterrupt(f"killed at {method} of {line.sku}")

    def take(self, line, reservation):
        self._die_on("take", line)
        return super().take(line, reservation)

    def take_back(self, line, reservation):
        self._die_on("take_back", line)
        super().take_back(line, reservation)

    def sell(self, line, reservation):
        self._die_on("sell", line)
        super().sell(line, reservation)


@pytest.fixture
def crashing(database):
    """Inventory whose worker is killed at a line of a method; the next one finishes what it finds."""

    def make(method, sku):
        commands = Commands(CrashingShelf(database, method, sku), clock=lambda: 1_800_000_000.0)
        return participant(Repository(database["reservations"], codec_of(Reservation), works=commands.works), commands)

    return make


def test_R5_a_worker_killed_between_two_lines_is_followed_by_another(crashing, stocked, saga):
    inventory, reserve = crashing("take", "harp"), saga("reserve").action("reserve", order("o", drum=2, harp=1))
    with pytest.raises(KeyboardInterrupt):
        inventory.answer(reserve)
    assert stock_of(stocked, "drum", "harp") == {"drum": (3, 2, 0), "harp": (12, 0, 0)}
    assert inventory.answer(reserve).type is ReplyType.SUCCEEDED
    assert stock_of(stocked, "drum", "harp") == {"drum": (3, 2, 0), "harp": (11, 1, 0)}


def test_R5_a_cancel_takes_back_what_a_killed_worker_held(crashing, stocked, saga):
    inventory, reserve = crashing("take", "harp"), saga("reserve").action("reserve", order("o", drum=2, harp=1))
    with pytest.raises(KeyboardInterrupt):
        inventory.answer(reserve)
    assert inventory.answer(cancel(reserve)).type is ReplyType.CANCELLED
    assert stock_of(stocked, "drum", "harp") == {"drum": (5, 0, 0), "harp": (12, 0, 0)}
    assert inventory.answer(reserve).type is ReplyType.CANCELLED


def test_R5_a_worker_killed_while_it_takes_back_is_followed_by_another_and_the_failure_stays(crashing, stocked, saga):
    inventory, reserve = crashing("take_back", "drum"), saga("reserve").action("reserve", order("o", drum=2, harp=13))
    with pytest.raises(KeyboardInterrupt):
        inventory.answer(reserve)
    assert stock_of(stocked, "drum") == {"drum": (3, 2, 0)}
    failed = inventory.answer(reserve)
    assert (failed.code, failed.final) == ("OutOfStock", True)
    assert stock_of(stocked, "drum") == {"drum": (5, 0, 0)}


@pytest.mark.parametrize("message", ["command", "cancel"])
def test_R5_a_killed_commit_is_finished_by_whatever_comes_next(crashing, stocked, saga, message):
    inventory, reserve = crashing("sell", "harp"), saga("reserve").action("reserve", order("o", drum=2, harp=1))
    commit = saga("commit").action("commit", dict(inventory.answer(reserve).body), on_failure=OnFailure.RETRY)
    with pytest.raises(KeyboardInterrupt):
        inventory.answer(commit)
    following = commit if message == "command" else cancel(commit)
    assert inventory.answer(following).type is ReplyType.SUCCEEDED
    assert stock_of(stocked, "drum", "harp") == {"drum": (3, 0, 2), "harp": (11, 0, 1)}


class PausedShelf(MongoShelf):
    """Sleeps before its second line until it is woken up."""

    def __init__(self, database):
        super().__init__(database)
        self.asleep, self.wake_up = Event(), Event()

    def take(self, line, reservation):
        if line.sku == "harp":
            self.asleep.set()
            assert self.wake_up.wait(30)
        return super().take(line, reservation)


def test_R5_a_paused_worker_that_wakes_up_after_a_cancel_takes_nothing(database, inventory, stocked, saga):
    shelf = PausedShelf(database)
    commands = Commands(shelf, clock=lambda: 1_800_000_000.0)
    slow = participant(Repository(database["reservations"], codec_of(Reservation), works=commands.works), commands)
    reserve = saga("reserve").action("reserve", order("o", drum=2, harp=1))
    with ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(slow.answer, reserve)
        assert shelf.asleep.wait(30)
        assert inventory.answer(cancel(reserve)).type is ReplyType.CANCELLED
        shelf.wake_up.set()
        assert sleeping.result().type is ReplyType.CANCELLED
    assert stock_of(stocked, "drum", "harp") == {"drum": (5, 0, 0), "harp": (12, 0, 0)}


def test_a_hundred_sagas_at_once_on_stock_10_reserve_exactly_10(inventory, shelf):
    shelf.add([Line("drum", 10), Line("harp", 1000)], "2026-01-01T00:00:00.000Z")
    steps = [SagaStep("inventory", f"saga-{uuid4()}") for _ in range(100)]
    commands = [step.action("reserve", order(step.saga, harp=1, drum=1)) for step in steps]
    with ThreadPoolExecutor(100) as pool:
        replies = list(pool.map(inventory.answer, commands))
    assert [reply.type for reply in replies].count(ReplyType.SUCCEEDED) == 10
    assert {reply.code for reply in replies if reply.type is ReplyType.FAILED} == {"OutOfStock"}
    assert stock_of(shelf, "drum", "harp") == {"drum": (0, 10, 0), "harp": (990, 10, 0)}
