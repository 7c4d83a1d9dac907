"""Random schedules over larger shapes, with every fault, on a virtual clock."""

import subprocess
import sys

from saga_operator.domain.kinds import Condition
from saga_operator.simulator.__main__ import main
from saga_operator.simulator.schedule import Schedule
from saga_operator.simulator.trial import replay, try_definition

from operators.saga.tests.unit.driver import after, approval, definition, step

SEEDS = 600


def test_S1_to_S9_hold_in_random_schedules(capsys):
    code = main(["--seeds", str(SEEDS)])
    told = capsys.readouterr().out
    assert code == 0, told
    assert f"{SEEDS} schedules" in told
    assert "0 violations" in told


def test_the_schedules_are_not_vacuous():
    results = [Schedule(seed).run() for seed in range(150)]
    assert {result.phase for result in results} >= {"Succeeded", "Compensated", "Aborted"}
    told = "\n".join(line for result in results for line in result.record)
    for happening in (
        "crashes",
        "reconnects",
        "etcd is restored",
        "created again",
        "spec.cancel",
        "conflict",
        "undoes",
        "finishes its work",
        "has taken back its work",
        "another saga uses its key",
        "spec.suspend",
        *(f"{action} of" for action in ("Approve", "Reject", "Retry", "Skip", "Complete", "Abort")),
        "is Applied",
        "is Refused",
    ):
        assert happening in told
    assert sum(result.counts["lost"] for result in results) > 100
    assert sum(result.counts["repeated"] for result in results) > 100


def test_a_seed_is_the_same_schedule_in_another_process():
    command = [sys.executable, "-m", "saga_operator.simulator", "--replay", "7"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[1:-1] == Schedule(7).run().record


def test_exploring_from_the_command_line_tells_what_was_tried(capsys):
    assert main(["--explore", "chain2-pivot1", "--states", "500"]) == 0
    assert "states, as many as were asked for" in capsys.readouterr().out


def test_a_definition_of_a_user_is_tried_too():
    steps = [
        step("reserve", input={"id": "$(input.order.id)"}),
        approval("review", when=[Condition(input="$(input.risk)", operator="In", values=["high"])]),
        step("pay", input={"hold": "hold $(steps.reserve.output.hold.id)"}, pivot=True),
        after("ship", when=[Condition(input="$(steps.pay.output.kind)", operator="NotIn", values=["gift"])]),
    ]
    told = []
    trial = try_definition(definition(*steps), range(60), lambda trial: told.append(trial.schedules))
    assert trial.violations == []
    assert (trial.schedules, told) == (60, list(range(1, 61)))
    assert trial.phases["Succeeded"]
    assert trial.phases["Compensated"]
    assert trial.counts["messages"] > 60
    assert replay(definition(*steps), 7).record == replay(definition(*steps), 7).record
