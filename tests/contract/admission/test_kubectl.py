"""What a person sees with kubectl and nothing else."""

from __future__ import annotations

import pytest

from tests.contract.admission.definitions import around_pivot

STATUS = {
    "phase": "Compensating",
    "direction": "Backward",
    "progress": "2/4",
    "currentSteps": "pay",
    "reason": "CardDeclined",
    "duration": "1.5s",
    "attempts": 7,
}


@pytest.fixture
def saga(api, namespace, name) -> str:
    assert api.create(namespace, "sagas", name, {"definition": name}).accepted
    assert api.patch(namespace, "sagas", name, {"status": STATUS}).accepted
    return name


def table(text: str) -> dict[str, str]:
    heading, row = text.splitlines()
    return dict(zip(heading.split(), row.split(), strict=True))


def test_the_columns_of_a_saga(kubectl, namespace, saga):
    row = table(kubectl("get", "sagas", saga, "-n", namespace))
    assert list(row) == ["NAME", "PHASE", "PROGRESS", "STEP", "REASON", "AGE", "DURATION"]
    del row["AGE"]
    assert list(row.values()) == [saga, "Compensating", "2/4", "pay", "CardDeclined", "1.5s"]


def test_the_wide_columns_of_a_saga(kubectl, namespace, saga):
    row = table(kubectl("get", "sg", saga, "-n", namespace, "-o", "wide"))
    assert list(row)[-3:] == ["DEFINITION", "DIRECTION", "ATTEMPTS"]
    assert list(row.values())[-3:] == [saga, "Backward", "7"]


def test_the_columns_of_a_definition(api, kubectl, namespace, name):
    assert api.create(namespace, "sagadefinitions", name, around_pivot() | {"deadline": "10m"}).accepted
    condition = {"type": "Accepted", "status": "False", "reason": "Invalid", "message": "because"}
    assert api.patch(namespace, "sagadefinitions", name, {"status": {"conditions": [condition]}}).accepted
    row = table(kubectl("get", "sgd", name, "-n", namespace))
    assert list(row) == ["NAME", "ACCEPTED", "REASON", "DEADLINE", "AGE"]
    assert list(row.values())[1:4] == ["False", "Invalid", "10m"]


def test_the_columns_of_a_decision(api, kubectl, namespace, name):
    me = api.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}).body["status"]["userInfo"][
        "username"
    ]
    assert api.create(
        namespace, "sagadecisions", name, {"saga": "s", "step": "pay", "action": "Retry", "by": me, "reason": "r"}
    ).accepted
    assert api.patch(namespace, "sagadecisions", name, {"status": {"state": "Applied"}}).accepted
    row = table(kubectl("get", "sgx", name, "-n", namespace))
    assert list(row) == ["NAME", "SAGA", "STEP", "ACTION", "BY", "STATE", "AGE"]
    assert list(row.values())[1:6] == ["s", "pay", "Retry", me, "Applied"]


def test_get_sagas_means_sagas_only_and_the_category_means_all_three(api, kubectl, namespace, saga):
    assert api.create(namespace, "sagadefinitions", f"{saga}-d", around_pivot()).accepted
    assert f"{saga}-d" not in kubectl("get", "sagas", "-n", namespace)
    everything = kubectl("get", "skald", "-n", namespace, "-o", "name")
    assert f"saga.skald.dev/{saga}" in everything
    assert f"sagadefinition.skald.dev/{saga}-d" in everything


def test_sagas_are_selected_by_phase_and_by_definition(api, namespace, saga):
    assert api.names(namespace, "sagas", f"spec.definition={saga},status.phase=Compensating") == {saga}
    assert api.names(namespace, "sagas", f"spec.definition={saga},status.phase!=Compensating") == set()


def test_a_saga_that_nobody_has_looked_at_is_selected_as_live(api, namespace, name):
    assert api.create(namespace, "sagas", name, {"definition": name}).accepted
    live = "status.phase!=Succeeded,status.phase!=Compensated,status.phase!=Aborted"
    assert api.names(namespace, "sagas", f"spec.definition={name},{live}") == {name}
    assert api.names(namespace, "sagas", f"spec.definition={name},status.phase=Pending") == {name}


def test_wait_sees_the_conditions(api, kubectl, namespace, saga):
    condition = {"type": "Succeeded", "status": "True", "reason": "Done"}
    assert api.patch(namespace, "sagas", saga, {"status": {"conditions": [condition]}}).accepted
    assert "condition met" in kubectl(
        "wait", "-n", namespace, "--for=condition=Succeeded", f"saga/{saga}", "--timeout=5s"
    )


def test_explain_tells_what_a_field_means(kubectl, api):
    assert "Counts Failed answers, not silence." in kubectl(
        "explain", "sagadefinition.spec.defaults.retryPolicy.maxAttempts"
    )


def test_two_pivots_are_refused_as_the_readme_shows(api, kubectl):
    output = kubectl("apply", "-f", "manifests/samples/broken/two-pivots.yaml", check=False)
    assert "steps authorize-payment and capture-payment are both marked as the pivot" in output
