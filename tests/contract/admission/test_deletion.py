"""A live saga, and any definition, is deleted only on purpose or with its namespace."""

from __future__ import annotations

import pytest
from skald.testing.waiting import eventually

from tests.contract.admission.definitions import around_pivot

ABANDON = {"metadata": {"annotations": {"skald.dev/abandon": "true"}}}


@pytest.fixture
def saga(api, namespace, name) -> str:
    assert api.create(namespace, "sagas", name, {"definition": "d"}).accepted
    return name


@pytest.fixture
def definition(api, namespace, name) -> str:
    assert api.create(namespace, "sagadefinitions", name, around_pivot()).accepted
    return name


@pytest.mark.parametrize("phase", ["Pending", "Running", "Waiting", "Suspended", "Compensating"])
def test_a_saga_that_is_not_terminal_is_kept_and_the_message_says_what_to_do(api, namespace, saga, phase):
    assert api.patch(namespace, "sagas", saga, {"status": {"phase": phase}}).accepted
    verdict = api.delete(namespace, "sagas", saga)
    assert verdict.status == 403
    assert f"saga {saga} is {phase}" in verdict.message
    assert "set spec.cancel to true" in verdict.message
    assert f"kubectl annotate saga {saga} -n {namespace} skald.dev/abandon=true" in verdict.message
    assert api.get(namespace, "sagas", saga).accepted


@pytest.mark.parametrize("phase", ["Succeeded", "Compensated", "Aborted"])
def test_a_terminal_saga_is_deleted(api, namespace, saga, phase):
    assert api.patch(namespace, "sagas", saga, {"status": {"phase": phase}}).accepted
    assert api.delete(namespace, "sagas", saga).accepted
    assert api.get(namespace, "sagas", saga).status == 404


def test_an_abandoned_saga_is_deleted(api, namespace, saga):
    assert api.patch(namespace, "sagas", saga, ABANDON).accepted
    assert api.delete(namespace, "sagas", saga).accepted


def test_abandon_must_be_true(api, namespace, saga):
    assert api.patch(namespace, "sagas", saga, {"metadata": {"annotations": {"skald.dev/abandon": "false"}}}).accepted
    assert api.delete(namespace, "sagas", saga).status == 403


def test_a_definition_is_kept_and_the_message_says_what_to_do(api, namespace, definition):
    verdict = api.delete(namespace, "sagadefinitions", definition)
    assert verdict.status == 403
    assert f"kubectl annotate sagadefinition {definition} -n {namespace} skald.dev/abandon=true" in verdict.message


def test_an_abandoned_definition_is_deleted(api, namespace, definition):
    assert api.patch(namespace, "sagadefinitions", definition, ABANDON).accepted
    assert api.delete(namespace, "sagadefinitions", definition).accepted


def test_a_decision_is_deleted_freely(api, namespace, name):
    user = "system:serviceaccount:shop:nobody"
    spec = {"saga": "s", "action": "Abort", "by": user, "reason": "r"}
    assert api.create(namespace, "sagadecisions", name, spec, user=user).status == 403
    admin = api.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}).body["status"]["userInfo"]
    assert api.create(namespace, "sagadecisions", name, spec | {"by": admin["username"]}).accepted
    assert api.delete(namespace, "sagadecisions", name).accepted


def test_a_namespace_takes_its_live_sagas_and_definitions_with_it(api, name):
    namespace = name
    assert api.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).accepted
    assert api.create(namespace, "sagas", name, {"definition": "d"}).accepted
    assert api.create(namespace, "sagadefinitions", name, around_pivot()).accepted
    assert api.call("DELETE", f"/api/v1/namespaces/{namespace}").accepted
    gone = lambda: api.call("GET", f"/api/v1/namespaces/{namespace}").status == 404  # noqa: E731
    eventually(f"the namespace {namespace} is deleted", gone, seconds=60)
