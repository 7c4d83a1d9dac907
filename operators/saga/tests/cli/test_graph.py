"""``graph``: what waits for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from kubectl_saga.drafting import Draft
from kubectl_saga.main import saga as cli

from operators.saga.tests.cli.objects import REPOSITORY, assert_golden, definition, place_order, step, typed_definition

JSON = dict[str, Any]
REVIEWED = definition(
    step("a", compensation={"none": "it only reads"}),
    {"name": "review", "approval": {"expiresAfter": "5m", "onExpiry": "Reject"}},
    step("b", when=[{"input": "$(input.risk)", "operator": "NotIn", "values": ['"high"', "<b>"]}]),
    compensationPolicy={"order": "Sequential"},
)


def graph(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["graph", *map(str, arguments)])


def text(body: JSON) -> str:
    return "\n".join(Draft(typed_definition(body)).text())


def mermaid(body: JSON) -> str:
    return "\n".join(Draft(typed_definition(body)).mermaid())


def test_the_order_definition_as_text_and_as_a_flowchart() -> None:
    assert_golden("graph.txt", text(place_order()))
    assert_golden("graph.mermaid", mermaid(place_order()))


def test_approvals_conditions_and_reasons_are_shown() -> None:
    assert_golden("graph-approval.txt", text(REVIEWED))
    assert_golden("graph-approval.mermaid", mermaid(REVIEWED))


def test_what_follows_from_other_dependencies_is_left_out() -> None:
    diamond = definition(
        step("a"), step("b"), step("c", dependsOn=["a"]), step("d", dependsOn=["a", "b", "c"]), step("pay", pivot=True)
    )
    arrows = [line.strip() for line in mermaid(diamond).splitlines() if "-->" in line]
    assert arrows == ["s0 --> s1", "s0 --> s2", "s1 --> s3", "s2 --> s3", "s3 --> s4"]


def test_every_definition_of_a_file_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(yaml.safe_dump_all([definition(step("a"), name="one"), {"kind": "X"}, definition(step("b"))]))
    result = graph(file)
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.stdout.splitlines() if "deadline" in line] == ["one", "d-v1"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("absent.yaml", None, "cannot be read: No such file or directory"),
        ("empty.yaml", "a: 1", "there is no SagaDefinition in"),
        ("bad.yaml", yaml.safe_dump(definition()), "steps: is empty, and there must be at least 1"),
    ],
)
def test_a_file_that_holds_no_definition_is_named(
    name: str, content: str | None, sentence: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    result = graph(tmp_path / name)
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_definition_that_breaks_rules_can_still_be_looked_at() -> None:
    assert graph(REPOSITORY / "manifests/samples/broken/two-pivots.yaml").exit_code == 0
