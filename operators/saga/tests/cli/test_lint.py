"""``lint``: every rule, offline, and every problem named with its file, line and step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from kubectl_saga.main import saga as cli

from operators.saga.tests.cli.objects import REPOSITORY, definition, step

JSON = dict[str, Any]
MERGING = """---
apiVersion: skald.dev/v1alpha1
kind: SagaDefinition
metadata: {{name: {}}}
spec:
  defaults:
    retryPolicy: &usual {{maxAttempts: 3, initialInterval: 100ms}}
  steps:
  - name: a
    participant: p
    command: do
    compensation: {{command: undo}}
    retryPolicy:
      <<: *usual
      maxAttempts: {}
"""


def lint(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["lint", *map(str, arguments)], input=stdin)


def problems(folder: Path, *bodies: JSON) -> list[str]:
    """What lint says of definitions, without the file's name."""
    file = folder / "d.yaml"
    file.write_text(yaml.safe_dump_all(bodies, sort_keys=False))
    lines = lint(file).stdout.splitlines()
    return [line.removeprefix(f"{file}:") for line in lines]


def wrapped(spec: JSON) -> JSON:
    return {**definition(), "spec": spec}


def test_the_repositorys_own_definitions_are_good() -> None:
    files = sorted([*REPOSITORY.glob("manifests/definitions/*.yaml"), *REPOSITORY.glob("manifests/samples/*.yaml")])
    result = lint(*files)
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 definitions, no problems\n"


def test_a_broken_sample_is_refused_with_file_line_and_step() -> None:
    file = REPOSITORY / "manifests/samples/broken/two-pivots.yaml"
    result = lint(file)
    assert result.exit_code == 1
    assert result.stdout == (
        f"{file}:9: SagaDefinition two-pivots: steps: at most one may be the pivot, "
        "found authorize-payment, capture-payment; mark the one after which there is no way back\n"
    )
    assert result.stderr == "error: 1 problem in 1 definition\n"


def test_every_problem_of_every_file_is_listed(tmp_path: Path) -> None:
    no_way_back = definition(step("a", compensation=None), step("b", dependsOn=["z"]), deadline="1y", name="one")
    blind = definition(
        step("a", dependsOn=[]),
        step("b", dependsOn=[], input={"x": "$(steps.a.output.y)", "z": "$(inputs.q)"}),
        name="two",
    )
    expected = [
        "8: SagaDefinition one: step a: needs a compensation, or",
        "11: SagaDefinition one: step b: dependsOn names z, and there is no such step",
        "18: SagaDefinition one: deadline: '1y' is no duration; write numbers with",
        "33: SagaDefinition two: step b: input: $(inputs.q) in '$(inputs.q)' is neither",
    ]
    said = problems(tmp_path, no_way_back, blind)
    assert [text[: len(wanted)] for text, wanted in zip(said, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"steps": []}, "7: SagaDefinition d-v1: steps: is empty, and there must be at least 1"),
        ({"stepps": [], "steps": [step("a")]}, "7: SagaDefinition d-v1: spec: unknown field stepps"),
        ({"steps": [step("a", timeout=5)]}, "SagaDefinition d-v1: step a: timeout: must be text, not 5"),
        ({"steps": [{"participant": "p"}]}, "8: SagaDefinition d-v1: step 1: name is missing"),
        ({"steps": [step("a", comand="x", tiemout="5s")]}, "step a: unknown fields comand, tiemout"),
        ({"steps": [step("a", retryPolicy={"maxAttempts": 0})]}, "step a: retryPolicy.maxAttempts: 0 is less than"),
        ({"steps": [step("a")], "concurrency": {}}, "concurrency: maxRunning is missing"),
        ({"steps": [step("a")], "deadline": {}}, "deadline: must be text, not {}"),
    ],
)
def test_the_form_is_checked_as_the_api_server_checks_it(spec: JSON, sentence: str, tmp_path: Path) -> None:
    said = problems(tmp_path, wrapped(spec))
    assert len(said) == 1
    assert sentence in said[0]


def test_several_mistakes_of_form_are_all_named(tmp_path: Path) -> None:
    said = problems(tmp_path, wrapped({"steps": [step("a", participant=[]), step("b", timeout=1)], "x": 1}))
    assert len(said) == 3


def test_an_empty_field_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(yaml.safe_dump(definition(step("a"))).replace("compensation:\n", "when:\n    compensation:\n"))
    assert "when: must be a list, not null" in lint(file).stdout


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"apiVersion": "skald.dev/v9"},
            "1: SagaDefinition d-v1: apiVersion must be skald.dev/v1alpha1, not skald.dev/v9",
        ),
        ({"metadata": {}}, "SagaDefinition (no name): metadata.name is missing"),
        ({"metadata": {"name": "Big"}}, "SagaDefinition Big: metadata.name 'Big' is no name for an object"),
        ({"metadata": None}, "metadata.name is missing"),
        ({"data": 1}, "SagaDefinition d-v1: the field data is unknown"),
        ({"spec": None}, "spec: must be an object, not null"),
    ],
)
def test_the_object_around_the_spec_is_checked_too(change: JSON, sentence: str, tmp_path: Path) -> None:
    said = problems(tmp_path, {**definition(step("a")), **change})
    assert sentence in said[0]


def test_a_key_given_twice_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(yaml.safe_dump(definition(step("a"))) + "spec: {}\n")
    assert "the key spec is given twice in one place" in lint(file).stdout


def test_other_kinds_are_passed_over_and_documents_are_many(tmp_path: Path) -> None:
    others = [{"kind": "Deployment", "apiVersion": "apps/v1"}, {"kind": "Saga", "apiVersion": "skald.dev/v1alpha1"}]
    assert problems(tmp_path, others[0], definition(step("a")), others[1], definition(step("b"))) == [
        "2 definitions, no problems"
    ]


def test_files_without_definitions_are_no_success(tmp_path: Path) -> None:
    file = tmp_path / "d.yaml"
    file.write_text("a: 1\n---\n- 2\n---\n")
    result = lint(file)
    assert (result.exit_code, result.stderr) == (1, "error: there is no SagaDefinition in these files\n")


def test_standard_input_is_read_as_a_file() -> None:
    result = lint("-", stdin=yaml.safe_dump(definition(step("a", compensation=None))))
    assert result.exit_code == 1
    assert result.stdout.startswith("stdin:")


def test_what_is_no_yaml_and_what_cannot_be_read_does_not_hide_the_rest(tmp_path: Path) -> None:
    broken, absent, binary = tmp_path / "broken.yaml", tmp_path / "absent.yaml", tmp_path / "binary.yaml"
    broken.write_text("a: 1\nb: [\n")
    binary.write_bytes(b"\xff\xfe\x00")
    bad = REPOSITORY / "manifests/samples/broken/two-pivots.yaml"
    lines = lint(broken, absent, binary, bad).stdout.splitlines()
    assert lines[0].startswith(f"{broken}:3: this is not YAML: ")
    assert lines[1] == f"{absent} cannot be read: No such file or directory"
    assert lines[2] == f"{binary} is no text in UTF-8"
    assert "two-pivots" in lines[3]


def test_dates_stay_text_as_in_kubernetes(tmp_path: Path) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(yaml.safe_dump(definition(step("a", input={"day": "DAY"}))).replace("DAY", "2026-11-22"))
    assert lint(file).exit_code == 0


def test_json_is_read_as_json_is(tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    body = definition(step("a", compensation={"none": "no way back \U0001f600"}))
    file.write_text(json.dumps(body, indent="\t"))
    assert lint(file).stdout == "1 definition, no problems\n"
    file.write_text(json.dumps({**body, "data": 1}, indent="\t"))
    assert lint(file).stdout == f"{file}:20: SagaDefinition d-v1: the field data is unknown\n"


def test_a_key_that_overrides_what_is_merged_is_not_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(MERGING.format("d-v1", 5) + MERGING.format("d-v2", 0))
    lines = lint(file).stdout.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{file}:30: SagaDefinition d-v2: step a: retryPolicy.maxAttempts: 0 is less than")


def test_keys_are_text_and_a_key_that_kubectl_would_call_otherwise_is_a_problem(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"404": {}, "KEY": {"type": "string"}}}
    file = tmp_path / "d.yaml"
    text = yaml.safe_dump(definition(step("a", input={"200": "x"}), inputSchema=schema)).replace("'", "")
    file.write_text(text.replace("KEY", "on"))
    assert lint(file).stdout == f"{file}:10: the key on is no text to YAML; put it in quotes\n"
    file.write_text(text.replace("KEY", "'on'"))
    assert lint(file).exit_code == 0


def test_a_character_that_no_yaml_may_have_is_a_problem_of_its_file_only(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken.yaml", tmp_path / "good.yaml"
    broken.write_text(yaml.safe_dump(definition(step("a"))) + "# \x1b\n")
    good.write_text(yaml.safe_dump(definition(step("a"))))
    result = lint(broken, good)
    assert "this is not YAML: it has the character #x1b" in result.stdout
    assert result.stderr == "error: 1 problem in 1 definition\n"


def test_labels_and_annotations_must_be_text(tmp_path: Path) -> None:
    metadata = {"name": "d-v1", "labels": {"tier": 1, "app": "x"}, "annotations": {"example.org/reviewed": True}}
    assert problems(tmp_path, {**definition(step("a")), "metadata": metadata}) == [
        "6: SagaDefinition d-v1: metadata.labels: tier must be text, not 1; put it in quotes",
        "9: SagaDefinition d-v1: metadata.annotations: example.org/reviewed must be text, not true; put it in quotes",
    ]
    assert problems(tmp_path, {**definition(step("a")), "metadata": {"name": "d-v1", "generation": "x"}}) == [
        "1 definition, no problems"
    ]


def test_what_only_yaml_can_say_matters_in_definitions_only(tmp_path: Path) -> None:
    bad = definition(step("a"), inputSchema={"maximum": float("inf")})
    assert problems(tmp_path, {"kind": "Other", "value": float("inf")}, bad) == [
        "4: Kubernetes cannot keep a value in it: Out of range float values are not JSON compliant"
    ]


GIFT = [{"input": "$(input.gift)", "operator": "In", "values": ["true"]}]
RED = [{"input": "$(steps.wrap.output.paper)", "operator": "In", "values": ["red"]}]
BOXED = [{"input": "$(steps.box.output.size)", "operator": "In", "values": ["big"]}]
WIDE = [{"input": "$(input.gift)", "operator": "In", "values": ["true", "maybe"]}]
EXCEPT_ONE = [{"input": "$(input.gift)", "operator": "NotIn", "values": ["no"]}]
EXCEPT_TWO = [{"input": "$(input.gift)", "operator": "NotIn", "values": ["no", "never"]}]
PAPER = {"paper": "$(steps.wrap.output.paper)"}
WRAP = step("wrap", when=GIFT)
MISSING = "$(steps.wrap.output.paper) is not there when wrap is skipped by its when, and then "


@pytest.mark.parametrize(
    ("steps", "advice"),
    [
        ([WRAP, step("label", input=PAPER)], f"step label: {MISSING}this step fails and the saga goes back"),
        ([WRAP, step("label", input=PAPER, when=WIDE)], f"step label: {MISSING}this step fails and the saga goes back"),
        (
            [step("wrap", when=EXCEPT_TWO), step("label", input=PAPER, when=EXCEPT_ONE)],
            f"step label: {MISSING}this step fails and the saga goes back",
        ),
        ([WRAP, step("pay", pivot=True), step("label", input=PAPER, compensation=None)], "this step stalls"),
        (
            [WRAP, step("label", compensation={"command": "undo-label", "input": PAPER})],
            f"step label: {MISSING}its compensation stalls",
        ),
        (
            [{"name": "ask", "approval": {"onExpiry": "Approve"}}, step("pay", pivot=True)],
            "step ask: onExpiry: Approve is never assumed, because without expiresAfter only the saga's deadline",
        ),
    ],
)
def test_what_is_hardly_meant_is_advice_and_no_problem(steps: list[JSON], advice: str, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(definition(*steps), sort_keys=False))
    result = lint(tmp_path / "d.yaml")
    assert result.exit_code == 0
    told, summary = result.stdout.splitlines()
    assert "SagaDefinition d-v1: advice: step " in told
    assert advice in told
    assert summary == "1 definition, no problems, but some advice"


@pytest.mark.parametrize(
    "steps",
    [
        [WRAP, step("label", input=PAPER, when=GIFT)],
        [WRAP, step("label", input=PAPER, when=[*GIFT, *RED])],
        [WRAP, step("label", input=PAPER, when=RED)],
        [WRAP, step("box", when=GIFT), step("label", input=PAPER, when=BOXED, dependsOn=["wrap", "box"])],
        [step("wrap", when=WIDE), step("label", input=PAPER, when=GIFT)],
        [step("wrap", when=EXCEPT_ONE), step("label", input=PAPER, when=EXCEPT_TWO)],
        [step("wrap", when=GIFT, compensation={"command": "unwrap", "input": PAPER})],
        [step("wrap"), step("label", input=PAPER, when=GIFT)],
        [{"name": "ask", "approval": {"onExpiry": "Approve", "expiresAfter": "5m"}}, step("pay", pivot=True)],
    ],
)
def test_where_nothing_can_be_missing_there_is_no_advice(steps: list[JSON], tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(definition(*steps), sort_keys=False))
    assert lint(tmp_path / "d.yaml").stdout == "1 definition, no problems\n"


def test_a_definition_with_problems_gets_no_advice_and_the_one_beside_it_does(tmp_path: Path) -> None:
    ask = {"name": "ask", "approval": {"onExpiry": "Approve"}}
    broken = definition(ask, step("pay", pivot=True, dependsOn=["nobody"]), name="broken")
    problem, advice = problems(tmp_path, broken, definition(ask, step("pay", pivot=True), name="odd"))
    assert "broken: " in problem
    assert "nobody" in problem
    assert "odd: advice: step ask" in advice
