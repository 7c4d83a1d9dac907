from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hack.chaos.schedule import TARGETS, Kind, draw

DISASTERS = (Kind.WIPE_BROKER, Kind.ROLL_BACK, Kind.BOTH)


@given(st.integers(0, 2**32), st.integers(10, 300))
def test_a_seed_gives_its_blows_again(seed: int, kills: int) -> None:
    assert draw(seed, kills) == draw(seed, kills)


@given(st.integers(0, 2**32), st.integers(10, 300))
def test_a_run_has_as_many_blows_as_asked_for_and_each_disaster_once(seed: int, kills: int) -> None:
    kinds = [fault.kind for fault in draw(seed, kills)]
    assert sum(kind in (Kind.KILL, Kind.FREEZE) for kind in kinds) == kills
    assert [kind for kind in kinds if kind in DISASTERS] == list(DISASTERS)


@given(st.integers(0, 2**32), st.integers(20, 300))
def test_a_roll_back_goes_back_to_a_snapshot_that_is_older_than_what_it_loses(seed: int, kills: int) -> None:
    kinds = [fault.kind for fault in draw(seed, kills)]
    for disaster in (Kind.ROLL_BACK, Kind.BOTH):
        before = kinds[: kinds.index(disaster)]
        assert Kind.SNAPSHOT in before
        assert before[-1] is not Kind.SNAPSHOT


def test_another_seed_gives_other_blows() -> None:
    assert draw(1, 50) != draw(2, 50)


@pytest.mark.parametrize("target", TARGETS)
def test_every_part_is_killed_in_a_long_run(target: str) -> None:
    assert target in {fault.target for fault in draw(7, 200) if fault.kind is Kind.KILL}


def test_a_freeze_ends() -> None:
    assert all((fault.lasts > 0) == (fault.kind is Kind.FREEZE) for fault in draw(7, 1_000))
