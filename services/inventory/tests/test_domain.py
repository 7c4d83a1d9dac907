from __future__ import annotations

import pytest
from inventory.domain import Hold, Line, NotHeld, Shortage, Taken, in_order

from services.inventory.tests.model import ModelShelf, reservation


def test_lines_are_met_in_the_order_of_their_skus():
    assert in_order([Line("lute", 1), Line("drum", 2), Line("harp", 3)]) == (
        Line("drum", 2),
        Line("harp", 3),
        Line("lute", 1),
    )


def test_every_line_is_held_or_the_first_that_cannot_be_is_named():
    shelf = ModelShelf(drum=1, harp=5)
    assert reservation("first", Line("drum", 1), Line("harp", 5)).take(shelf) is None
    assert reservation("second", Line("drum", 1), Line("harp", 1)).take(shelf) == Shortage(Line("drum", 1), Taken.SHORT)
    assert reservation("third", Line("zither", 1)).take(shelf) == Shortage(Line("zither", 1), Taken.UNKNOWN)


def test_lines_before_the_shortage_stay_held_until_they_are_taken_back():
    shelf = ModelShelf(drum=5, harp=0)
    wanted = reservation("wanted", Line("drum", 2), Line("harp", 1))
    wanted.take(shelf)
    assert shelf.get("drum").held == 2
    wanted.take_back(shelf)
    assert (shelf.get("drum").available, shelf.get("drum").held) == (5, 0)


def test_taking_twice_holds_once():
    shelf = ModelShelf(drum=5)
    wanted = reservation("wanted", Line("drum", 2))
    assert (wanted.take(shelf), wanted.take(shelf)) == (None, None)
    assert shelf.get("drum").held == 2


def test_R5_a_take_that_comes_after_the_take_back_holds_nothing():
    shelf = ModelShelf(drum=5)
    wanted = reservation("wanted", Line("drum", 2))
    wanted.take_back(shelf)
    assert wanted.take(shelf) == Shortage(Line("drum", 2), Taken.LATE)
    assert shelf.skus["drum"].holds[wanted.id][0] is Hold.RELEASED


def test_selling_twice_sells_once_and_selling_what_is_not_held_is_refused():
    shelf = ModelShelf(drum=5)
    wanted = reservation("wanted", Line("drum", 2))
    wanted.take(shelf)
    wanted.sell(shelf)
    wanted.sell(shelf)
    assert (shelf.get("drum").available, shelf.get("drum").sold) == (3, 2)
    with pytest.raises(NotHeld):
        reservation("other", Line("drum", 1)).sell(shelf)
