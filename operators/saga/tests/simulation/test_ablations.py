"""Each rule taken away must be missed; otherwise the simulator would prove nothing.

What it took is printed: ``pytest -rP`` shows it.
"""

from dataclasses import dataclass

import pytest
from saga_operator.simulator.explore import Bounds, Explorer
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.schedule import Schedule
from saga_operator.simulator.shapes import SMALL, definition_of

from operators.saga.tests.simulation import ablations

STATES = 20_000
SEEDS = 1000


@dataclass(frozen=True)
class Where:
    """Where the absence of a rule shows."""

    rule: str
    shape: str
    """By name, or in the notation of ``shapes``."""
    broken: str
    decisions: tuple[tuple[str, str | None], ...] = ()
    participant: RegisterKeeper = RegisterKeeper()  # noqa: RUF009  it keeps nothing itself
    to_the_end: bool = False
    """Only a run to the end shows it (S7)."""


SKIP_AFTER_PIVOT = (("Skip", "b"),)
APPROVE = (("Approve", "r"),)
EXPLORED = {
    ablations.ids_without_direction: Where("I1", "chain2", "S7", to_the_end=True),
    ablations.nothing_is_sealed: Where("I4", "fork-join", "S1"),
    ablations.a_reason_is_enough: Where("I4", "chain2", "S3"),
    ablations.silence_is_an_answer: Where("I4", "chain2", "S1"),
    ablations.only_first_steps_are_sealed: Where("I4", "fork", "S3"),
    ablations.steps_after_the_pivot_are_cancelled_too: Where("I4", "chain2-pivot1", "S7", to_the_end=True),
    ablations.a_pending_approval_hides_what_is_behind: Where("I4", "b r?: c:r", "S9", APPROVE),
    ablations.a_choice_is_as_good_as_written: Where("I5", "chain2", "S2"),
    ablations.steps_are_undone_in_any_order: Where("I5", "chain3", "S5"),
    ablations.a_decision_is_enough: Where("I6", "chain2-pivot1", "S8", SKIP_AFTER_PIVOT),
    ablations.approvals_are_given_by_silence: Where("S9", "approval-first", "S9"),
    ablations.cancels_are_forgotten: Where("R2", "chain2", "S1"),
    ablations.commands_run_twice: Where("R2", "chain2", "S4"),
    ablations.final_is_said_of_what_is_not_written: Where("R3", "chain2", "S1"),
    ablations.nothing_to_undo_leaves_nothing: Where("R4", "chain2", "S3", participant=ablations.LosesItsBook()),
    ablations.begun_work_is_not_turned_first: Where("R5", "chain2", "S1", participant=RegisterKeeper(begun=("a",))),
}
DRAWN = {
    ablations.only_first_steps_are_sealed: ("I4", ""),
    ablations.steps_after_the_pivot_are_cancelled_too: ("I4", ""),
    ablations.a_pending_approval_hides_what_is_behind: ("I4", ""),
    ablations.approvals_are_given_by_silence: ("S9", "S9"),
    ablations.begun_work_is_not_turned_first: ("R5", ""),
    ablations.ids_of_the_object: ("I1", "S4"),
    ablations.a_participants_code_is_the_operators_own: ("I2", "S8"),
    ablations.no_fingerprint: ("R6", "S1"),
    ablations.nothing_is_sealed: ("I4", ""),
    ablations.a_reason_is_enough: ("I4", ""),
    ablations.silence_is_an_answer: ("I4", ""),
    ablations.a_choice_is_as_good_as_written: ("I5", ""),
    ablations.steps_are_undone_in_any_order: ("I5", "S5"),
    ablations.cancels_are_forgotten: ("R2", ""),
    ablations.commands_run_twice: ("R2", "S4"),
    ablations.final_is_said_of_what_is_not_written: ("R3", ""),
}


def name(each):
    return getattr(each, "__name__", "")


def explore(where, **bounds):
    bounds = {"states": STATES, "rollback": False, "decisions": where.decisions} | bounds
    explorer = Explorer(definition_of(SMALL.get(where.shape, where.shape)), where.participant, Bounds(**bounds))
    report = explorer.run()
    if where.to_the_end:
        explorer.run_on(report)
    return report


def first_violation(seeds=SEEDS):
    results = (Schedule(seed).run() for seed in range(seeds))
    return next((result for result in results if result.violation is not None), None)


@pytest.mark.parametrize(("ablate", "where"), EXPLORED.items(), ids=name)
def test_I1_I4_I5_I6_R2_R3_R4_R5_S9_exploring_finds_what_breaks_without_the_rule(monkeypatch, ablate, where):
    ablate(monkeypatch)
    report = explore(where, first_violation=not where.to_the_end, states=3000 if where.to_the_end else STATES)
    found = [broken for broken in report.violations if broken.startswith(where.broken)]
    print(f"{where.rule} {name(ablate)}: {report.states} states, {report.transitions} transitions, {where.shape}")
    assert found, report.violations


@pytest.mark.parametrize(("ablate", "found"), DRAWN.items(), ids=name)
def test_I1_I2_I4_I5_R2_R3_R5_R6_S9_random_schedules_find_it_too(monkeypatch, ablate, found):
    ablate(monkeypatch)
    result = first_violation()
    assert result is not None
    print(f"{found[0]} {name(ablate)}: {result.seed + 1} schedules, {result.violation}")
    assert result.violation.startswith(found[1])


def test_I7_exploring_finds_what_breaks_without_the_fence():
    where = Where("I7", "chain2", "I7")
    report = explore(where, compare_and_swap=False, first_violation=True)
    print(f"I7 no compare-and-swap: {report.states} states, {report.transitions} transitions, chain2")
    assert [broken[:2] for broken in report.violations] == ["I7"]


def test_R4_a_participant_that_lost_the_action_and_its_effect_does_no_harm_because_of_the_tombstone():
    report = explore(Where("R4", "chain2", "", participant=ablations.LosesItsBook()), states=5000)
    assert report.violations == {}


def test_a_violation_is_replayed_by_its_seed_line_by_line(monkeypatch):
    ablations.cancels_are_forgotten(monkeypatch)
    found = first_violation()
    again = Schedule(found.seed).run()
    assert (again.violation, again.record) == (found.violation, found.record)
    assert found.record[-1].endswith(f"VIOLATION {found.violation}")


def test_a_trace_is_as_short_as_it_can_be(monkeypatch):
    ablations.commands_run_twice(monkeypatch)
    report = explore(Where("R2", "chain2", "S4"), states=2000)
    broken, trace = min(report.violations.items(), key=lambda each: len(each[1]))
    assert broken == "S4: the action of a had its effect twice"
    assert trace == ["the participant executes a", "the participant executes a"]
