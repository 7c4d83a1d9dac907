"""A definition that breaks a rule is caught by its net and by lint; one that keeps them all passes every net."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from kubectl_saga.main import saga as cli
from saga_operator.domain.kinds import SagaDefinition
from saga_operator.domain.model import DefinitionError, compile_definition

from tests.contract.admission.kube import Api, Verdict
from tests.contract.definitions.corpus import Broken, broken, good, named

BROKEN, GOOD = broken(), good()
each_broken = pytest.mark.parametrize("case", BROKEN, ids=named(BROKEN))
each_good = pytest.mark.parametrize("path", GOOD, ids=named(GOOD))


@pytest.fixture(scope="module")
def verdicts(api: Api, namespace: str) -> dict[Path, Verdict]:
    """What the API server says of every file, as it stands and without storing it."""
    path = f"/apis/skald.dev/v1alpha1/namespaces/{namespace}/sagadefinitions?dryRun=All&fieldValidation=Strict"
    files = [*(case.path for case in BROKEN), *GOOD]
    return {file: api.apply(path, file.read_text("utf-8")) for file in files}


@pytest.fixture(scope="module")
def linted() -> dict[str, list[str]]:
    """What lint says of every broken file, without the place."""
    files = [str(case.path) for case in BROKEN]
    said: dict[str, list[str]] = {file: [] for file in files}
    for line in CliRunner().invoke(cli, ["lint", *files]).stdout.splitlines():
        place = re.match(r"(.+?\.yaml):([0-9]+): (.+)", line)
        assert place is not None, line
        said[place[1]].append(place[3])
    return said


def compiled(text: str) -> str | None:
    """Why the operator does not run a definition; None when it does."""
    document = yaml.safe_load(text)
    try:
        stored = msgspec.convert(
            {**document, "metadata": {"namespace": "shop", **document["metadata"]}}, SagaDefinition
        )
        compile_definition(stored)
    except (DefinitionError, msgspec.ValidationError) as error:
        return str(error)
    return None


def test_the_corpus_is_as_large_as_it_is_meant_to_be() -> None:
    assert len(BROKEN) >= 60
    assert len(GOOD) >= 30


@each_broken
def test_a_broken_definition_is_refused_by_its_net_in_its_words(case: Broken, verdicts: dict[Path, Verdict]) -> None:
    verdict = verdicts[case.path]
    if case.net == "admission":
        assert 400 <= verdict.status < 500, "the API server lets it through"
        assert case.says in verdict.message
    else:
        assert verdict.accepted, verdict.message
        assert case.says in str(compiled(case.text))


@each_broken
def test_a_broken_definition_does_not_lint(case: Broken, linted: dict[str, list[str]]) -> None:
    assert case.lint in "\n".join(linted[str(case.path)])


@each_good
def test_a_good_definition_passes_every_net(path: Path, verdicts: dict[Path, Verdict]) -> None:
    assert verdicts[path].accepted, verdicts[path].message
    assert compiled(path.read_text("utf-8")) is None
    result = CliRunner().invoke(cli, ["lint", str(path)])
    assert (result.exit_code, result.stdout) == (0, "1 definition, no problems\n"), result.output
