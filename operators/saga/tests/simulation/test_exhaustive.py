"""Every schedule of small shapes, within a bound: S1 to S6 in each state, S7 from each state."""

import pytest
from saga_operator.simulator.__main__ import tell
from saga_operator.simulator.explore import Bounds, Explorer
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.shapes import SMALL, definition_of

BOUND = 20_000
PEOPLE = {
    "approval-first": (("Approve", "r"), ("Reject", "r")),
    "approval-pivot": (("Approve", "r"), ("Reject", "r")),
    "approval-beside": (("Approve", "r"),),
    "chain2-pivot1": (("Skip", "b"), ("Complete", "b")),
    "chain2-pivot2": (("Skip", "a"), ("Complete", "b")),
    "chain2": (("Skip", "a"), ("Complete", "a")),
    "chain3": (("Skip", "b"),),
    "fork-join": (("Complete", "a"),),
}
"""What people may decide, at any moment, by shape."""


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


@pytest.mark.parametrize("shape", [shape for shape in SMALL if shape not in PEOPLE])
def test_S1_to_S7_hold_in_every_schedule_of_a_small_shape_that_is_looked_at(shape):
    report = explore(shape)
    assert report.succeeded
    assert report.compensated
    assert report.rolled_back, "the faults would prove little"


@pytest.mark.parametrize(("shape", "decisions"), PEOPLE.items(), ids=lambda each: each if isinstance(each, str) else "")
def test_S1_to_S9_hold_whatever_people_decide_whenever_they_decide_it(shape, decisions):
    assert explore(shape, decisions=decisions).compensated


def test_S1_to_S9_hold_when_a_saga_is_aborted_at_any_moment():
    assert explore("chain2", decisions=(("Abort", None),)).aborted


@pytest.mark.parametrize("shape", ["chain2", "chain2-pivot1", "chain2-pivot2"])
def test_R5_S1_to_S7_hold_when_effects_take_more_than_one_write(shape):
    report = explore(shape, RegisterKeeper(begun=("a", "b")))
    assert report.succeeded
    assert report.compensated


def test_S1_to_S7_hold_in_every_schedule_of_a_pivot_and_a_step_with_all_faults():
    assert explore("chain2-pivot1").complete


def test_S1_to_S9_hold_in_every_schedule_of_an_approval_and_a_step_without_changes_of_the_object():
    shape = definition_of("r? a")
    explorer = Explorer(
        shape, RegisterKeeper(), Bounds(rollback=False, recreation=False, decisions=(("Approve", "r"),))
    )
    report = explorer.run()
    explorer.run_on(report)
    assert (report.complete, report.violations) == (True, {})


def test_S1_to_S7_hold_in_every_schedule_of_a_pivot_and_two_steps_with_re_creation():
    assert explore("chain3-pivot1", rollback=False, states=100_000).complete


def test_S1_to_S7_hold_in_every_schedule_of_two_steps_without_changes_of_the_object():
    assert explore("chain2", rollback=False, recreation=False, states=200_000).complete


def test_S1_to_S7_hold_with_three_operators():
    explore("fork-join-pivot", operators=3)


def test_S1_to_S7_hold_without_compare_and_swap_too_because_the_registers_decide():
    explorer = Explorer(definition_of("a b"), RegisterKeeper(), Bounds(states=BOUND, compare_and_swap=False))
    report = explorer.run()
    explorer.run_on(report)
    assert {broken[:2] for broken in report.violations} == {"I7"}, "the object lies for a while, and does no harm"
