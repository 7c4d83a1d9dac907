"""docs/definitions.md is true to the code: its examples lint, and its tables have every field, default and limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from kubectl_saga.main import saga as cli
from saga_operator.crds.manifests import NAME_LIMIT, manifests
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import Saga
from saga_operator.domain.model import compile_definition
from saga_operator.domain.policy import Retry
from skald_wire.names import INPUT_LIMIT, OUTPUT_LIMIT

from operators.saga.tests.cli.objects import REPOSITORY, definition, step, typed_definition

JSON = dict[str, Any]
PAGE = (REPOSITORY / "docs" / "definitions.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = {each["metadata"]["name"]: each for each in map(yaml.safe_load, BLOCKS)}
LEAST = definition(step("a"), {"name": "b", "approval": {}}, step("c", pivot=True))


def table(head: str) -> dict[str, list[str]]:
    """The cells of each row by its first one, without the quotes of code."""
    (lines,) = re.findall(rf"^{re.escape(head)}.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    cells = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines.splitlines()]
    return {name: rest for name, *rest in cells}


SPEC = table("| `spec.` | Meaning | Default | Limits |")
STEP = table("| `spec.steps[].` | Meaning |")
POLICY = table("| `retryPolicy.` | Meaning |")
SAGA = table("| `spec.` | Meaning | Default | May change |")


def schema_of(plural: str) -> JSON:
    (version,) = manifests()[f"{plural}.yaml"]["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def fields(schema: JSON, prefix: str = "") -> Iterator[tuple[str, JSON]]:
    """Every field that the API server takes; steps and retry policies have tables of their own."""
    for name, field in schema["properties"].items():
        inner = field.get("items", field)
        in_list = inner is not field
        nested = "properties" in inner and name not in ("steps", "retryPolicy")
        if in_list or not nested:
            yield prefix + name, field
        if nested:
            yield from fields(inner, f"{prefix}{name}{'[]' * in_list}.")


def limit(field: JSON) -> str:
    """What the schema says of a field's size, in the page's words."""
    for rule in field.get("x-kubernetes-validations", ()):
        if between := re.fullmatch(r"must be between (\w+) and (\w+)", rule["message"]):
            return f"{between[1]} to {between[2]}"
    if "minimum" in field:
        return f"{field['minimum']} to {field['maximum']}"
    for least, most, unit in (("minItems", "maxItems", "entries"), ("minLength", "maxLength", "characters")):
        if most in field:
            return f"{field[least]} to {field[most]} {unit}" if field.get(least) else f"at most {field[most]} {unit}"
    return ""


def told(retry: Retry) -> list[str]:
    codes = f"[{', '.join(sorted(retry.final_codes))}]"
    most = "none" if retry.attempts is None else str(retry.attempts)
    return [show(retry.initial), f"{retry.coefficient:g}", show(retry.maximum), most, codes]


def test_every_definition_lints_and_compiles(tmp_path: Path) -> None:
    file = tmp_path / "page.yaml"
    file.write_text("---\n".join(BLOCKS))
    definitions = [each for each in EXAMPLES.values() if each["kind"] == "SagaDefinition"]
    result = CliRunner().invoke(cli, ["lint", str(file)])
    assert result.output == f"{len(definitions)} definition{'s' * (len(definitions) > 1)}, no problems\n"
    assert [compile_definition(typed_definition(each)) for each in definitions]


def test_every_other_example_is_a_saga_of_a_definition_on_the_page() -> None:
    others = [each for each in EXAMPLES.values() if each["kind"] != "SagaDefinition"]
    assert {each["kind"] for each in others} == {"Saga"}
    for saga in (msgspec.convert(each, Saga) for each in others):
        schema = compile_definition(typed_definition(EXAMPLES[saga.spec.definition])).schema
        assert schema is not None
        assert schema.problem(saga.spec.input) is None


STEPS = schema_of("sagadefinitions")["properties"]["steps"]["items"]


@pytest.mark.parametrize(
    ("rows", "schema"),
    [(SPEC, schema_of("sagadefinitions")), (STEP, STEPS), (POLICY, STEPS["properties"]["retryPolicy"])],
    ids=["spec", "step", "retryPolicy"],
)
def test_the_tables_have_every_field_with_its_limits(rows: dict[str, list[str]], schema: JSON) -> None:
    assert {name: cells[-1].partition(" of ")[0] for name, cells in rows.items()} == {
        name: limit(field) for name, field in fields(schema)
    }


def test_the_defaults_are_those_that_the_operator_applies() -> None:
    least = compile_definition(typed_definition(LEAST))
    action, review, _ = least.steps
    stated = {**{f"spec.{name}": cells[1] for name, cells in SPEC.items()}, **{n: c[1] for n, c in STEP.items()}}
    expected = {
        "spec.deadline": show(least.deadline),
        "spec.defaults.timeout": show(action.timeout),
        "spec.compensationPolicy.order": "Sequential" if least.sequential else "ReverseDependency",
        "spec.compensationPolicy.onFailure": "Stall" if least.stall_stops else "Continue",
        "spec.concurrency.maxRunning": "no bound" if least.max_running is None else str(least.max_running),
        "approval.onExpiry": "Approve" if review.expiry_approves else "Reject",
        "approval.expiresAfter": "the deadline" if review.expires_after is None else show(review.expires_after),
        "input": str(action.input.resolve({}, {}.get)),
    }
    assert {name: stated[name] for name in expected} == expected
    of_actions, of_compensations = zip(*(cells[1:3] for cells in POLICY.values()), strict=True)
    assert (list(of_actions), list(of_compensations)) == (told(action.retry), told(least.compensation_retry))


def test_the_figures_in_the_text_follow_from_the_defaults() -> None:
    least = compile_definition(typed_definition(LEAST))
    action, back = least.steps[0].retry, least.compensation_retry
    text = " ".join(PAGE.split())
    assert f"a step takes {show(action.longest(least.steps[0].timeout))} of it" in text
    assert f"at attempt {action.patience} of an action and attempt {back.patience} of a compensation" in text
    assert f"at most {INPUT_LIMIT // 1024} KiB" in SAGA["input"][0]
    assert f"may have {OUTPUT_LIMIT // 1024} KiB" in text
    assert f"at most {NAME_LIMIT} characters" in text


def test_the_table_of_a_saga_says_of_every_field_whether_it_may_change() -> None:
    schema = schema_of("sagas")
    fixed = " ".join(rule["message"] for rule in schema["x-kubernetes-validations"])
    assert {name: cells[-1] == "no" for name, cells in SAGA.items()} == {
        name: f"spec.{name} is immutable" in fixed for name, _ in fields(schema)
    }
    assert str(schema["properties"]["ttlSecondsAfterFinished"]["maximum"]) in SAGA["ttlSecondsAfterFinished"][0]


def test_every_link_leads_somewhere() -> None:
    folder = REPOSITORY / "docs"
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([a-z0-9-]*)\)", PAGE):
        assert (folder / target).exists(), target
        text = (folder / target).read_text("utf-8") if target.endswith(".md") else PAGE
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {"", *(re.sub(r"[^a-z0-9-]", "", heading.lower().replace(" ", "-")) for heading in headings)}
        assert anchor in anchors, f"{target}#{anchor}"
