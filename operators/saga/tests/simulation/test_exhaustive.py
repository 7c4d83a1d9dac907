"""Every schedule of small shapes, within a bound: S1 to S6 in each state, S7 from each state."""

import pytest
from saga_operator.simulator.__main__ import tell
from saga_operator.simulator.explore import Bounds, Explorer
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.shapes import SMALL, definition_of

BOUND = 20_000


def explore(shape, participant=None, **bounds):
    bounds.setdefault("states", BOUND)
    explorer = Explorer(definition_of(SMALL[shape]), participant or RegisterKeeper(), Bounds(**bounds))
    report = explorer.run()
    explorer.run_on(report)
    print(f"{shape}: {tell(report)}")
    assert report.violations == {}, "\n".join(
        f"{broken}: {'; '.join(trace)}" for broken, trace in report.violations.items()
    )
    return report


@pytest.mark.parametrize("shape", SMALL)
def test_S1_to_S7_hold_in_every_schedule_of_a_small_shape_that_is_looked_at(shape):
    report = explore(shape)
    assert report.succeeded
    assert report.compensated
    assert report.rolled_back, "the faults would prove little"


def test_S1_to_S7_hold_in_every_schedule_of_a_pivot_and_a_step_with_all_faults():
    assert explore("chain2-pivot1").complete


def test_S1_to_S7_hold_in_every_schedule_of_a_pivot_and_two_steps_with_re_creation():
    assert explore("chain3-pivot1", rollback=False, states=100_000).complete


def test_S1_to_S7_hold_in_every_schedule_of_two_steps_without_changes_of_the_object():
    assert explore("chain2", rollback=False, recreation=False, states=200_000).complete


def test_S1_to_S7_hold_with_three_operators():
    explore("fork-join-pivot", operators=3)


def test_S1_to_S7_hold_without_compare_and_swap_too_because_the_registers_decide():
    explore("chain2", compare_and_swap=False)
