"""Each rule taken away must be missed; otherwise the simulator would prove nothing."""

import pytest
from saga_operator.simulator.explore import Bounds, Explorer
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.schedule import Schedule
from saga_operator.simulator.shapes import SMALL, definition_of

from operators.saga.tests.simulation import ablations

PATCHES = {
    ablations.nothing_is_sealed: ("fork-join", "S1"),
    ablations.a_reason_is_enough: ("chain2", "S3"),
    ablations.silence_is_an_answer: ("chain2", "S1"),
    ablations.only_first_steps_are_sealed: ("fork", "S3"),
    ablations.a_choice_is_as_good_as_written: ("chain2", "S2"),
    ablations.steps_are_undone_in_any_order: ("chain3", "S5"),
}
PARTICIPANTS = {
    ablations.SaysFinalOfWhatItDoesNotRegister: ("chain2", "S1"),
    ablations.ForgetsCancels: ("chain2", "S1"),
    ablations.RunsTwice: ("chain2", "S4"),
}
SEEDS = 400


def broken_rules(shape, participant):
    bounds = Bounds(states=50_000, rollback=False, first_violation=True)
    report = Explorer(definition_of(SMALL[shape]), participant, bounds).run()
    return {broken[:2] for broken in report.violations}


def first_violation(participant):
    results = (Schedule(seed, participant).run() for seed in range(SEEDS))
    return next((result for result in results if result.violation is not None), None)


@pytest.mark.parametrize(("ablate", "where"), PATCHES.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_I4_I5_exploring_finds_what_breaks_without_the_rule(monkeypatch, ablate, where):
    shape, rule = where
    ablate(monkeypatch)
    assert rule in broken_rules(shape, RegisterKeeper())


@pytest.mark.parametrize(("participant", "where"), PARTICIPANTS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_R2_R3_exploring_finds_what_breaks_without_the_rule(participant, where):
    shape, rule = where
    assert rule in broken_rules(shape, participant())


@pytest.mark.parametrize("ablate", PATCHES, ids=lambda each: each.__name__)
def test_I4_I5_random_schedules_find_it_too(monkeypatch, ablate):
    ablate(monkeypatch)
    assert first_violation(RegisterKeeper())


@pytest.mark.parametrize("participant", PARTICIPANTS, ids=lambda each: each.__name__)
def test_R2_R3_random_schedules_find_it_too(participant):
    assert first_violation(participant())


def test_a_violation_is_replayed_by_its_seed_line_by_line():
    found = first_violation(ablations.ForgetsCancels())
    again = Schedule(found.seed, ablations.ForgetsCancels()).run()
    assert (again.violation, again.record) == (found.violation, found.record)
    assert found.record[-1].endswith(f"VIOLATION {found.violation}")


def test_a_trace_is_as_short_as_it_can_be():
    report = Explorer(definition_of("a b"), ablations.RunsTwice(), Bounds(states=2_000, rollback=False)).run()
    broken, trace = min(report.violations.items(), key=lambda each: len(each[1]))
    assert broken == "S4: the action of a had its effect twice"
    assert trace == ["the participant executes a", "the participant executes again a"]
