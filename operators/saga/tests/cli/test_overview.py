"""``list``: who needs somebody comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubectl_saga.overview import age, counts, sagas_table, stuck_first
from kubectl_saga.reading import ENDED, phase_of, stall_of

from operators.saga.tests.cli.objects import NOW, assert_golden, recorded, saga, stalled


def at(minute: int) -> str:
    return f"2023-11-14T21:{minute:02}:00Z"


def test_stalled_sagas_come_first_then_who_waits_for_a_person_then_the_oldest_that_run_then_the_last_that_ended() -> (
    None
):
    sagas = [
        saga("ended-early", "Succeeded", created=at(1)),
        saga("young", created=at(50)),
        saga("ended-late", "Compensated", created=at(40)),
        saga("stuck", created=at(30), conditions=[stalled()]),
        saga("old", created=at(10)),
        saga("waits", "Waiting", created=at(45)),
        saga("stuck-before", "Compensating", created=at(20), conditions=[stalled()]),
    ]
    names = [each["metadata"]["name"] for each in stuck_first(sagas)]
    assert names == ["stuck-before", "stuck", "waits", "old", "young", "ended-late", "ended-early"]


@given(st.lists(st.tuples(st.integers(0, 59), st.sampled_from(["Running", "Succeeded"]), st.booleans())))
def test_no_order_of_the_input_changes_which_group_comes_first(drawn: list[tuple[int, str, bool]]) -> None:
    sagas = [
        saga(f"s-{place}", phase, created=at(minute), conditions=[stalled()] if stuck else [])
        for place, (minute, phase, stuck) in enumerate(drawn)
    ]
    groups = [2 if phase_of(each) in ENDED else 1 if not stall_of(each) else 0 for each in stuck_first(sagas)]
    assert groups == sorted(groups)
    assert len(groups) == len(sagas)


def test_the_table_shows_who_is_stuck_and_why() -> None:
    sagas = [
        saga("order-1", currentSteps="ship", progress="2/3", reason="Unroutable", conditions=[stalled()], attempts=9),
        saga("order-2", "Pending"),
        recorded("declined"),
    ]
    assert_golden("list.txt", sagas_table(sagas, now=NOW + 90))
    assert_golden("list-wide.txt", sagas_table(sagas, wide=True, everywhere=True, now=NOW + 90))


def test_a_stall_that_ended_is_no_stall() -> None:
    assert stall_of(saga(conditions=[{**stalled(), "status": "False"}])) is None


def test_a_saga_that_nobody_has_looked_at_is_pending() -> None:
    fresh = saga()
    del fresh["status"]
    assert phase_of(fresh) == "Pending"
    assert "Pending" in sagas_table([fresh], now=NOW)


def test_counts_begin_with_what_is_stuck() -> None:
    sagas = [saga("a"), saga("b", conditions=[stalled()]), saga("c", "Succeeded"), saga("d")]
    assert counts(sagas) == "1 Stalled, 2 Running, 1 Succeeded"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0s"), (119, "119s"), (120, "2m"), (10_799, "179m"), (10_800, "3h"), (200_000, "2d")]
)
def test_ages_are_written_as_kubectl_writes_them(seconds: int, text: str) -> None:
    assert age(seconds) == text
