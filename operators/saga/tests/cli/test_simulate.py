"""``simulate``: what was tried is told, and what breaks is told step by step."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from kubectl_saga.linting import definitions_in, load
from kubectl_saga.main import saga as cli
from kubectl_saga.trying import try_all
from saga_operator.domain.kinds import Phase
from saga_operator.domain.model import compile_definition
from saga_operator.simulator.schedule import Result as Schedule
from saga_operator.simulator.trial import Trial

from operators.saga.tests.cli.objects import REPOSITORY, definition, step
from tests.contract.definitions.corpus import good, named

PLACE_ORDER = REPOSITORY / "manifests/definitions/place-order-v1.yaml"
LITTLE = ("--schedules", "5", "--states", "50")


def simulate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["simulate", *map(str, arguments)])


def test_what_was_tried_is_told() -> None:
    result = simulate(PLACE_ORDER, *LITTLE)
    assert result.exit_code == 0, result.output
    title, shape, random, ended, verdict = result.stdout.splitlines()
    assert title == "place-order-v1: 5 steps"
    assert "states (there are more), " in shape
    assert random.startswith("  random schedules 5: ")
    assert "messages" in random
    assert ended.startswith("  sagas ended ")
    assert verdict == "  no violation of S1 to S9"


def test_programs_get_the_numbers() -> None:
    (tried,) = json.loads(simulate(PLACE_ORDER, *LITTLE, "-o", "json").stdout)
    assert tried["definition"] == "place-order-v1"
    assert tried["random"]["schedules"] == sum(tried["random"]["phases"].values()) == 5
    assert (tried["random"]["violations"], tried["explored"]["violations"]) == ([], {})


def test_a_seed_is_told_again_in_the_same_way() -> None:
    once, again = simulate(PLACE_ORDER, "--replay", "3"), simulate(PLACE_ORDER, "--replay", "3")
    assert once.stdout == again.stdout
    assert once.stdout.startswith("place-order-v1, seed 3:\n")
    assert "operator 1 starts and sees Pending" in once.stdout


def test_the_shortest_violation_is_told_with_the_command_that_shows_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [
        Schedule(7, "", Phase.RUNNING, "S4: twice", ["at first", "then", "at last"]),
        Schedule(9, "", Phase.RUNNING, "S1: half done", ["at once"]),
    ]

    def found(definition: Any, states: int, seeds: range, on_progress: Any) -> Any:
        tried = try_all(definition, states, range(0), on_progress)
        tried.drawn.violations += broken
        return tried

    monkeypatch.setattr("kubectl_saga.commands.simulate.try_all", found)
    result = simulate(PLACE_ORDER, *LITTLE)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-3:] == [
        "  violated: S1: half done",
        "    at once",
        f"  again with: kubectl saga simulate {PLACE_ORDER} --replay 9",
    ]
    assert result.stderr == "error: 2 violations\n"


def test_only_a_definition_without_problems_is_simulated(tmp_path: Path) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(yaml.safe_dump(definition(step("a", compensation=None))))
    result = simulate(file)
    assert result.exit_code == 1
    assert "step a: needs a compensation" in result.stderr
    file.write_text("a: 1")
    assert "there is no SagaDefinition in" in simulate(file).stderr


@pytest.mark.parametrize("path", good(), ids=named(good()))
def test_every_good_definition_keeps_S1_to_S9(path: Path) -> None:
    (document,) = definitions_in(str(path))
    compiled = compile_definition(load(document))
    progress: Counter[int] = Counter()

    def count(trial: Trial) -> None:
        progress[trial.schedules] += 1

    tried = try_all(compiled, 200, range(3), count)
    assert tried.explored.violations == {}
    assert [(each.seed, each.violation) for each in tried.drawn.violations] == []
    assert progress == {1: 1, 2: 1, 3: 1}
