"""The kit is worth something: each of its checks finds the flaw that it is made for, and blames nobody else."""

from __future__ import annotations

import sys

import pytest
from skald.testing.conformance.__main__ import ALL_CHECKS
from skald.testing.conformance.broker import Queue
from skald.testing.conformance.checks import Broken
from skald.testing.conformance.register import REGISTER_CHECKS
from skald.testing.conformance.wire import WIRE_CHECKS

from .conftest import PARTICIPANT
from .flawed import MEMORY_FLAWS, WIRE_FLAWS
from .reference import Flaw, Reference

CHECKS = {check.id: check for check in ALL_CHECKS}
OF_REGISTER = {check.id: check for check in REGISTER_CHECKS}
OF_WIRE = {check.id: check for check in WIRE_CHECKS}


@pytest.mark.parametrize("check", REGISTER_CHECKS, ids=OF_REGISTER)
def test_R1_to_R7_a_participant_without_a_flaw_passes(check):
    check.run(Reference())


@pytest.mark.parametrize("flaw", Flaw, ids=lambda flaw: flaw.name.lower())
def test_R1_to_R7_the_flaw_is_found_by_its_check(flaw):
    with pytest.raises(Broken) as found:
        CHECKS[flaw.value].run(Reference(flaw))
    assert found.value.expected != found.value.came


def test_R1_to_R7_every_check_finds_something():
    assert {flaw.value for flaw in Flaw} == set(OF_REGISTER)


@pytest.fixture
def at_queue(kit, flawed):
    """Starts a participant with a flaw; gives the kit's view of it."""
    queues = []

    def start(flaw=""):
        held = flawed(flaw).held
        queue = Queue(
            kit.operator_url,
            PARTICIPANT,
            "reserve",
            {"seats": 2},
            compensation="release",
            effects=lambda saga_key: held[saga_key],
            patience=2 if flaw else 10,
        )
        queues.append(queue)
        return queue

    yield start
    for queue in queues:
        queue.close()


def test_a_participant_without_a_flaw_passes_all_of_the_wire(at_queue):
    queue = at_queue()
    for check in WIRE_CHECKS:
        check.run(queue)


@pytest.mark.parametrize(("flaw", "id_"), WIRE_FLAWS.items(), ids=WIRE_FLAWS)
def test_the_flaw_of_the_wire_is_found_by_its_check(at_queue, flaw, id_):
    with pytest.raises(Broken):
        CHECKS[id_].run(at_queue(flaw))


def test_every_check_of_the_wire_finds_something():
    assert set(WIRE_FLAWS.values()) == set(OF_WIRE)


@pytest.mark.parametrize(("flaw", "id_"), MEMORY_FLAWS.items(), ids=MEMORY_FLAWS)
def test_R1_the_flaw_of_the_memory_is_found_by_its_check(kit, tmp_path, flaw, id_):
    count = "import json, os; print(json.load(open(os.environ['STATE'] + '/held.json')).get(os.environ['SAGA_KEY'], 0))"
    (tmp_path / "held.json").write_text("{}")
    verdict = kit.verdict(
        [sys.executable, "-m", "tests.participants.flawed", flaw],
        [sys.executable, "-c", count],
        "--check",
        id_,
        env={"STATE": str(tmp_path)},
    )
    assert verdict[id_]["outcome"] == "broken", verdict
