"""What each command means for a reservation, without a database."""

from __future__ import annotations

import pytest
from inventory.commands import Commands, ReservationInput, ReserveInput
from inventory.domain import Line, Reservation, Shortage, Status, Taken
from pydantic import ValidationError
from skald.repository import Done, Failed, Started
from skald.testing.contracts import command_errors
from skald_wire import Address, Command, Direction, OnFailure

from services.inventory.tests.model import ModelShelf

ID = "0b9c7f7c-7f0e-5b0a-8a53-2f6f1f6f3c6e"
ORDER = "6f2c1f0e-5e0b-5d7e-9f0a-3c1d8a4b7e21"
LINE = {"sku": "drum", "quantity": 2}
RESERVE = {"orderId": ORDER, "lines": [{"sku": "harp", "quantity": 1}, LINE]}
HELD = Reservation(ID, ORDER, (Line("drum", 2),), "2026-01-01T00:00:00.000Z", Status.HELD)


def command(name, body):
    address = Address(ID, "shop/order-1", "shop/order-1", "a-step", "inventory", name, Direction.FORWARD, "f" * 64)
    return Command(address, body, 1, OnFailure.COMPENSATE, "2026-01-01T00:00:00Z")


@pytest.fixture
def commands():
    return Commands(ModelShelf(drum=5, harp=1), clock=lambda: 0.0)


def test_reserve_begins_work_under_the_command_id_with_sorted_lines(commands):
    started = commands.reserve(None, command("reserve", RESERVE), ReserveInput.model_validate(RESERVE))
    assert isinstance(started, Started)
    lines = (Line("drum", 2), Line("harp", 1))
    assert started.state == Reservation(ID, ORDER, lines, "1970-01-01T00:00:00.000Z", Status.RESERVING)


def test_a_saga_has_one_reservation(commands):
    failed = commands.reserve(HELD, command("reserve", RESERVE), ReserveInput.model_validate(RESERVE))
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retryable) == ("AlreadyReserved", False)


@pytest.mark.parametrize(
    ("taken", "code", "retryable"),
    [
        (Taken.SHORT, "OutOfStock", False),
        (Taken.UNKNOWN, "UnknownSku", False),
        (Taken.LATE, "ReservationOver", True),
    ],
)
def test_what_could_not_be_held_names_its_sku(commands, taken, code, retryable):
    take = commands.works[0]
    failed = take.finish(HELD, Shortage(Line("drum", 2), taken))
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retryable) == (code, retryable)
    assert "drum" in failed.message


@pytest.mark.parametrize(("work", "status"), [(0, Status.HELD), (1, Status.RELEASED), (2, Status.SOLD)])
def test_finished_work_replies_what_the_contract_says(commands, work, status):
    done = commands.works[work].finish(HELD, None)
    assert isinstance(done, Done)
    assert done.state.status is status
    assert command_errors("inventory.reserve", "output", done.reply) == []


@pytest.mark.parametrize("name", ["release", "commit"])
def test_only_the_sagas_own_held_reservation_can_be_moved(commands, name):
    move, which = getattr(commands, name), ReservationInput(reservationId=ID)
    assert isinstance(move(HELD, command(name, {}), which), Started)
    assert move(None, command(name, {}), which).code == "UnknownReservation"
    assert move(HELD, command(name, {}), ReservationInput(reservationId="other")).code == "UnknownReservation"
    for status in set(Status) - {Status.HELD}:
        assert move(HELD.become(status), command(name, {}), which).code == "NotHeld"


GOOD = [RESERVE, {"orderId": ORDER, "lines": [{"sku": "a-1", "quantity": 1000}]}]
BAD = [
    {},
    {"orderId": ORDER},
    {"orderId": "4711", "lines": [LINE]},
    {"orderId": ORDER, "lines": []},
    {"orderId": ORDER, "lines": [LINE], "more": 1},
    {"orderId": ORDER, "lines": [{**LINE, "price": 1}]},
    {"orderId": ORDER, "lines": [{**LINE, "quantity": 0}]},
    {"orderId": ORDER, "lines": [{**LINE, "quantity": -1}]},
    {"orderId": ORDER, "lines": [{**LINE, "quantity": 1001}]},
    {"orderId": ORDER, "lines": [{**LINE, "quantity": 1.5}]},
    {"orderId": ORDER, "lines": [{**LINE, "quantity": "2"}]},
    {"orderId": ORDER, "lines": [{**LINE, "sku": "Drum.1"}]},
    {"orderId": ORDER, "lines": [LINE] * 51},
]


@pytest.mark.parametrize("body", GOOD)
def test_input_that_keeps_the_contract_is_read(body):
    assert command_errors("inventory.reserve", "input", body) == []
    ReserveInput.model_validate(body)


@pytest.mark.parametrize("body", BAD)
def test_input_that_breaks_the_contract_is_refused(body):
    assert command_errors("inventory.reserve", "input", body)
    with pytest.raises(ValidationError):
        ReserveInput.model_validate(body)


def test_a_sku_stands_in_one_line_only():
    with pytest.raises(ValidationError, match="a SKU may stand in one line only"):
        ReserveInput.model_validate({"orderId": ORDER, "lines": [LINE, LINE]})


@pytest.mark.parametrize("name", ["inventory.release", "inventory.commit"])
def test_release_and_commit_take_a_reservation_and_nothing_else(name):
    for body, good in (({"reservationId": ID}, True), ({}, False), ({"reservationId": ID, "lines": []}, False)):
        assert (command_errors(name, "input", body) == []) is good
        if not good:
            with pytest.raises(ValidationError):
                ReservationInput.model_validate(body)
