"""The one-write form of the shelf's rules, on the real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from inventory.domain import Line, NotHeld, Shortage, Stock, Taken
from inventory.seed import STOCK

from services.inventory.tests.model import at, reservation
from services.inventory.tests.test_shelf_machine import INITIAL, ShelfMachine


def stock_of(shelf, *skus):
    return {sku: (stock.available, stock.held, stock.sold) for sku in skus if (stock := shelf.get(sku))}


def test_seeding_again_adds_new_skus_and_brings_back_nothing_that_was_sold(shelf):
    assert list(shelf.add(STOCK, at(0))) == list(STOCK)
    wanted = reservation("sold", Line("drum", 4))
    wanted.take(shelf)
    wanted.sell(shelf)
    assert list(shelf.add([*STOCK, Line("zither", 3)], at(9))) == [Line("zither", 3)]
    assert stock_of(shelf, "drum", "zither") == {"drum": (6, 0, 4), "zither": (3, 0, 0)}


def test_pages_follow_each_other_by_sku(stocked):
    assert [stock.sku for stock in stocked.page(None, 1)] == ["drum"]
    assert stocked.page("drum", 5) == [Stock("harp", initial=12, available=12, held=0, sold=0)]
    assert stocked.page("harp", 5) == []


def test_take_hold_and_sell_of_one_line(stocked):
    wanted, line = reservation("wanted", Line("drum", 2), minutes=10**8), Line("drum", 2)
    assert [stocked.take(line, wanted), stocked.take(line, wanted)] == [Taken.HELD, Taken.HELD]
    assert stock_of(stocked, "drum") == {"drum": (3, 2, 0)}
    stocked.sell(line, wanted)
    stocked.sell(line, wanted)
    assert stock_of(stocked, "drum") == {"drum": (3, 0, 2)}
    with pytest.raises(NotHeld, match="holds nothing here"):
        stocked.sell(Line("drum", 1), reservation("other", minutes=10**8))


def test_what_cannot_be_taken_is_told_apart(stocked):
    released = reservation("released", minutes=10**8)
    stocked.take_back(Line("drum", 1), released)
    assert stocked.take(Line("drum", 1), released) is Taken.LATE
    assert stocked.take(Line("drum", 1), reservation("before the horizon")) is Taken.LATE
    assert stocked.take(Line("drum", 6), reservation("short", minutes=10**8)) is Taken.SHORT
    assert stocked.take(Line("zither", 1), reservation("unknown", minutes=10**8)) is Taken.UNKNOWN
    assert stock_of(stocked, "drum") == {"drum": (5, 0, 0)}


def test_R7_forgetting_keeps_holds_and_bars_those_who_would_not_find_their_mark(stocked, database):
    late, kept = reservation("late", minutes=10**8), reservation("kept", minutes=10**8)
    stocked.take_back(Line("drum", 1), late)
    stocked.take(Line("drum", 1), kept)
    assert stocked.forget(at(10**8 + 1)) == 1
    assert list(database["stock"].find_one({"_id": "drum"})["holds"]) == [kept.id]
    assert stocked.take(Line("drum", 1), late) is Taken.LATE
    assert stocked.take(Line("drum", 1), reservation("new", minutes=10**8 + 2)) is Taken.HELD


def test_R5_a_sale_whose_mark_is_forgotten_is_still_a_sale(stocked):
    wanted = reservation("wanted", Line("drum", 2), minutes=10**8)
    wanted.take(stocked)
    wanted.sell(stocked)
    stocked.forget(at(10**8 + 1))
    wanted.sell(stocked)
    assert stock_of(stocked, "drum") == {"drum": (3, 0, 2)}


@pytest.mark.parametrize("end", ["take_back", "sell"])
def test_R7_a_release_or_commit_that_is_tried_for_hours_is_right_though_its_marks_are_forgotten(stocked, end):
    wanted = reservation("wanted", Line("drum", 2), Line("harp", 3), minutes=10**8)
    assert wanted.take(stocked) is None
    getattr(stocked, end)(Line("drum", 2), wanted)  # and then the worker is killed
    assert stocked.forget(at(10**8 + 180)) == 1
    for _ in range(2):
        getattr(wanted, end)(stocked)
        stocked.forget(at(10**8 + 240))
    free = end == "take_back"
    assert stock_of(stocked, "drum", "harp") == {
        "drum": (5, 0, 0) if free else (3, 0, 2),
        "harp": (12, 0, 0) if free else (9, 0, 3),
    }


def test_R7_a_reservation_that_is_tried_again_too_late_keeps_what_it_holds_gets_no_more_and_can_be_taken_back(stocked):
    wanted, over = reservation("wanted", Line("drum", 2), Line("harp", 3), minutes=10**8), reservation("over")
    assert stocked.take(Line("drum", 2), wanted) is Taken.HELD  # and then the worker is killed
    stocked.take_back(Line("drum", 1), over)
    stocked.take_back(Line("harp", 1), over)
    stocked.forget(at(10**8 + 60))
    assert wanted.take(stocked) == Shortage(Line("harp", 3), Taken.LATE)
    wanted.take_back(stocked)
    assert stock_of(stocked, "drum", "harp") == {"drum": (5, 0, 0), "harp": (12, 0, 0)}


def test_a_hundred_at_once_take_exactly_what_there_is(shelf):
    shelf.add([Line("drum", 10)], at(0))
    together = Barrier(100)

    def take(number):
        together.wait()
        return shelf.take(Line("drum", 1), reservation(f"r{number}"))

    with ThreadPoolExecutor(100) as pool:
        taken = list(pool.map(take, range(100)))
    assert (taken.count(Taken.HELD), taken.count(Taken.SHORT)) == (10, 90)
    assert stock_of(shelf, "drum") == {"drum": (0, 10, 0)}


def test_R5_take_and_take_back_of_the_same_line_at_once_leave_nothing_held(shelf):
    shelf.add([Line("drum", 10)], at(0))
    line, fates = Line("drum", 1), [reservation(f"r{number}") for number in range(20)]
    moves = [(shelf.take, fate) for fate in fates for _ in range(2)] + [(shelf.take_back, fate) for fate in fates]
    with ThreadPoolExecutor(20) as pool:
        for future in [pool.submit(move, line, fate) for move, fate in sorted(moves, key=lambda move: move[1].id)]:
            future.result()
    assert stock_of(shelf, "drum") == {"drum": (10, 0, 0)}


def test_the_store_keeps_the_rules_of_the_model(database, shelf):
    class OnTheDatabase(ShelfMachine):
        def make_shelf(self):
            database["stock"].delete_many({})
            shelf.add([Line(sku, quantity) for sku, quantity in INITIAL.items()], at(0))
            return shelf

    quick = settings(
        max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(OnTheDatabase, settings=quick)
