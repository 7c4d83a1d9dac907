"""Random schedules over larger shapes, with every fault, on a virtual clock."""

import subprocess
import sys

from saga_operator.simulator.__main__ import main
from saga_operator.simulator.participant import RegisterKeeper
from saga_operator.simulator.schedule import Schedule

SEEDS = 600


def test_S1_to_S7_hold_in_random_schedules(capsys):
    code = main(["--seeds", str(SEEDS)])
    told = capsys.readouterr().out
    assert code == 0, told
    assert f"{SEEDS} schedules" in told
    assert "0 violations" in told


def test_the_schedules_are_not_vacuous():
    results = [Schedule(seed, RegisterKeeper()).run() for seed in range(100)]
    assert {result.phase for result in results} == {"Succeeded", "Compensated"}
    told = "\n".join(line for result in results for line in result.record)
    for happening in (
        "crashes",
        "reconnects",
        "etcd is restored",
        "created again",
        "spec.cancel",
        "conflict",
        "undoes",
    ):
        assert happening in told
    assert sum(result.counts["lost"] for result in results) > 100
    assert sum(result.counts["repeated"] for result in results) > 100


def test_a_seed_is_the_same_schedule_in_another_process():
    command = [sys.executable, "-m", "saga_operator.simulator", "--replay", "7"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[1:-1] == Schedule(7, RegisterKeeper()).run().record


def test_exploring_from_the_command_line_tells_what_was_tried(capsys):
    assert main(["--explore", "chain2-pivot1", "--states", "500"]) == 0
    assert "states, as many as were asked for" in capsys.readouterr().out
