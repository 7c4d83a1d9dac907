"""The kit is worth something: each of its checks finds the flaw that it is made for, and blames nobody else."""

from __future__ import annotations

import pytest
from skald.testing.conformance.checks import Broken
from skald.testing.conformance.register import REGISTER_CHECKS

from .reference import Flaw, Reference

CHECKS = {check.id: check for check in REGISTER_CHECKS}


@pytest.mark.parametrize("check", REGISTER_CHECKS, ids=CHECKS)
def test_R1_to_R7_a_participant_without_a_flaw_passes(check):
    check.run(Reference())


@pytest.mark.parametrize("flaw", Flaw, ids=lambda flaw: flaw.name.lower())
def test_R1_to_R7_the_flaw_is_found_by_its_check(flaw):
    with pytest.raises(Broken) as found:
        CHECKS[flaw.value].run(Reference(flaw))
    assert found.value.expected != found.value.came


def test_R1_to_R7_every_check_finds_something():
    assert {flaw.value for flaw in Flaw} == set(CHECKS)
