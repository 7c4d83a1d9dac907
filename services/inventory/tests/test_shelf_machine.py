"""Stock is conserved under any sequence of takes, take-backs and sales: repeated, cut short between lines, or late."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule
from inventory.domain import Line, Reservation, Shelf, Status, Taken, in_order

from services.inventory.tests.model import ModelShelf, adds_up, at, reservation

INITIAL = {"drum": 5, "harp": 6}


@dataclass
class Fate:
    """What the register knows of one reservation (R5), and how far its latest worker came."""

    reservation: Reservation
    status: Status = Status.RESERVING
    moving_to: Status | None = None
    done: int = 0
    everything_held: list[bool] = field(default_factory=list)

    def next_line(self) -> Line | None:
        return self.reservation.lines[self.done] if self.done < len(self.reservation.lines) else None

    def restart(self) -> None:
        self.done = 0
        self.everything_held = []


class ShelfMachine(RuleBasedStateMachine):
    """Workers move one line at a time and may be replaced between any two lines; others wake up late and take again."""

    reservations = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.shelf = self.make_shelf()
        self.fates: list[Fate] = []
        self.minute = 1

    def make_shelf(self) -> Shelf:
        return ModelShelf(**INITIAL)

    @precondition(lambda self: len(self.fates) < 3)
    @rule(
        target=reservations,
        drums=st.integers(1, 4),
        harps=st.integers(0, 4),
        unknown=st.sampled_from([0, 0, 0, 1]),
    )
    def begin(self, drums, harps, unknown):
        self.minute += 1
        wanted = {"harp": harps, "drum": drums, "zither": unknown}
        lines = in_order(Line(sku, quantity) for sku, quantity in wanted.items() if quantity)
        fate = Fate(reservation(f"r{len(self.fates)}", *lines, minutes=self.minute))
        self.fates.append(fate)
        return fate

    @rule(fate=reservations)
    def a_worker_crashes_and_another_begins_again(self, fate):
        fate.restart()

    @rule(fate=reservations, line=st.integers(0, 3))
    def a_paused_worker_wakes_up_and_takes(self, fate, line):
        lines = fate.reservation.lines
        self.shelf.take(lines[line % len(lines)], fate.reservation)

    @rule(fate=reservations, moves=st.integers(1, 5))
    def a_worker_moves_on(self, fate, moves):
        for _ in range(moves):
            self._move(fate)

    def _move(self, fate: Fate) -> None:
        line = fate.next_line()
        if line is None:
            self._settle(fate)
            return
        if fate.moving_to is Status.RELEASED:
            self.shelf.take_back(line, fate.reservation)
        elif fate.moving_to is Status.SOLD:
            self.shelf.sell(line, fate.reservation)
        elif fate.status is Status.RESERVING:
            fate.everything_held.append(self.shelf.take(line, fate.reservation) is Taken.HELD)
        fate.done += 1

    @rule(fate=reservations)
    def a_cancel_or_release_comes(self, fate):
        if fate.moving_to is None and fate.status in (Status.RESERVING, Status.HELD):
            self._turn(fate, Status.RELEASED)

    @rule(fate=reservations)
    def a_commit_comes_as_soon_as_it_may(self, fate):
        while fate.moving_to is None and fate.status is Status.RESERVING:
            self._move(fate)
        if fate.moving_to is None and fate.status is Status.HELD:
            self._turn(fate, Status.SOLD)

    @rule(age=st.integers(0, 3))
    def old_marks_are_forgotten(self, age):
        self.minute += 1
        self.shelf.forget(at(self.minute - age))

    def _turn(self, fate: Fate, status: Status) -> None:
        fate.moving_to = status
        fate.restart()

    def _settle(self, fate: Fate) -> None:
        if fate.moving_to is not None:
            fate.status, fate.moving_to = fate.moving_to, None
        elif fate.status is Status.RESERVING and all(fate.everything_held):
            fate.status = Status.HELD
        elif fate.status is Status.RESERVING:
            self._turn(fate, Status.RELEASED)

    @invariant()
    def nothing_is_lost_or_made(self):
        assert all(adds_up(self.shelf.get(sku)) for sku in INITIAL)

    def teardown(self):
        """When every saga has ended nothing is held, and what is sold is what the sold reservations asked for."""
        for fate in self.fates:
            while fate.moving_to is not None or fate.status is Status.RESERVING:
                self._move(fate)
            if fate.status is Status.HELD:
                self._turn(fate, Status.RELEASED)
                fate.reservation.take_back(self.shelf)
        for sku in INITIAL:
            stock = self.shelf.get(sku)
            sold = sum(
                line.quantity
                for fate in self.fates
                if fate.status is Status.SOLD
                for line in fate.reservation.lines
                if line.sku == sku
            )
            assert stock is not None
            assert (stock.held, stock.sold) == (0, sold)


TestShelfMachine = ShelfMachine.TestCase
TestShelfMachine.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
