"""What the files of tests/contract/definitions cannot show of a definition: its life in the API server."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from tests.contract.admission.definitions import around_pivot, command


@pytest.mark.parametrize("path", sorted(Path("manifests").glob("[ds]*/*.yaml")), ids=str)
def test_the_definitions_and_sagas_in_manifests_are_accepted(api, path):
    for manifest in yaml.safe_load_all(path.read_text()):
        plural = manifest["kind"].lower() + "s"
        verdict = api.call("POST", f"/apis/skald.dev/v1alpha1/namespaces/shop/{plural}?dryRun=All", manifest)
        assert verdict.accepted or verdict.status == 409, verdict.message


@pytest.mark.parametrize("text", ["5", "5 s", "-5s", "1d", "1w", "5us", "", "s", "1h 5m", "1e3s"])
def test_a_duration_that_is_none_is_refused(api, namespace, name, text):
    verdict = api.create(namespace, "sagadefinitions", name, around_pivot() | {"deadline": text})
    assert verdict.status == 422
    assert "spec.deadline" in verdict.message


@pytest.mark.parametrize("spec", [{}, {"steps": []}, {"steps": None}, {"steps": "a"}, {"steps": [None]}])
def test_a_definition_without_steps_is_refused(api, namespace, name, spec):
    verdict = api.create(namespace, "sagadefinitions", name, spec)
    assert verdict.status == 422
    assert "spec.steps" in verdict.message


def test_a_definition_is_immutable(api, namespace, name):
    spec = around_pivot(after=[command("ship")])
    assert api.create(namespace, "sagadefinitions", name, spec).accepted
    changed = copy.deepcopy(spec)
    changed["steps"][1]["command"] = "dispatch"
    verdict = api.patch(namespace, "sagadefinitions", name, {"spec": changed})
    assert verdict.status == 422
    assert "a SagaDefinition is immutable: apply the change under a new name, such as NAME-v2" in verdict.message


def test_a_stored_definition_is_what_was_applied_with_no_defaults(api, namespace, name):
    """Rule I1: another version's defaults must not change what a stored definition means."""
    spec = around_pivot()
    assert api.create(namespace, "sagadefinitions", name, spec).accepted
    assert api.get(namespace, "sagadefinitions", name).body["spec"] == spec
