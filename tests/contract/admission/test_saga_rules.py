"""A saga says once what it is; what is known of it never turns back."""

from __future__ import annotations

import pytest

SPEC = {
    "definition": "place-order-v1",
    "input": {"deep": [{"any": "thing"}]},
    "idempotencyKey": "k",
    "ttlSecondsAfterFinished": 60,
}


@pytest.fixture
def saga(api, namespace, name) -> str:
    assert api.create(namespace, "sagas", name, SPEC).accepted
    return name


def test_a_new_saga_is_pending_and_nothing_else(api, namespace, saga):
    assert api.get(namespace, "sagas", saga).body["status"] == {"phase": "Pending"}


def test_a_stored_saga_is_what_was_applied_with_no_defaults(api, namespace, saga):
    assert api.get(namespace, "sagas", saga).body["spec"] == SPEC


def test_the_name_dedupes_starts(api, namespace, saga):
    verdict = api.create(namespace, "sagas", saga, SPEC)
    assert (verdict.status, verdict.body["reason"]) == (409, "AlreadyExists")


def test_a_status_given_at_creation_is_not_kept(api, namespace, name):
    manifest = {
        "apiVersion": "skald.dev/v1alpha1",
        "kind": "Saga",
        "metadata": {"name": name},
        "spec": SPEC,
        "status": {"phase": "Succeeded"},
    }
    assert api.call("POST", f"/apis/skald.dev/v1alpha1/namespaces/{namespace}/sagas", manifest).accepted
    assert api.get(namespace, "sagas", name).body["status"] == {"phase": "Pending"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "spec.definition: Required value"),
        ({"definition": ""}, "spec.definition"),
        ({"definition": "d", "input": "text"}, "spec.input"),
        ({"definition": "d", "input": [1]}, "spec.input"),
        ({"definition": "d", "idempotencyKey": ""}, "spec.idempotencyKey"),
        ({"definition": "d", "idempotencyKey": "k" * 254}, "spec.idempotencyKey: Too long"),
        ({"definition": "d", "ttlSecondsAfterFinished": -1}, "spec.ttlSecondsAfterFinished"),
        ({"definition": "d", "cancel": "yes"}, "spec.cancel"),
    ],
)
def test_a_malformed_saga_is_refused(api, namespace, name, spec, message):
    verdict = api.create(namespace, "sagas", name, spec)
    assert verdict.status == 422
    assert message in verdict.message


def test_a_name_that_would_not_fit_into_a_message_is_refused(api, namespace):
    assert api.create(namespace, "sagas", "s" * 190, SPEC).accepted
    verdict = api.create(namespace, "sagas", "s" * 191, SPEC)
    assert verdict.status == 422
    assert "metadata.name: Too long" in verdict.message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("definition", "other"),
        ("input", {"deep": []}),
        ("input", None),
        ("idempotencyKey", "other"),
        ("idempotencyKey", None),
        ("ttlSecondsAfterFinished", 61),
        ("ttlSecondsAfterFinished", None),
    ],
)
def test_what_a_saga_is_never_changes(api, namespace, saga, field, value):
    verdict = api.patch(namespace, "sagas", saga, {"spec": {field: value}})
    assert verdict.status == 422
    assert f"spec.{field}" in verdict.message


def test_an_idempotency_key_is_not_added_later(api, namespace, name):
    assert api.create(namespace, "sagas", name, {"definition": "d"}).accepted
    verdict = api.patch(namespace, "sagas", name, {"spec": {"idempotencyKey": "late"}})
    assert verdict.status == 422
    assert "spec.idempotencyKey is immutable: start another saga instead" in verdict.message


def test_a_cancel_is_for_good(api, namespace, saga):
    assert api.patch(namespace, "sagas", saga, {"spec": {"cancel": False}}).accepted
    assert api.patch(namespace, "sagas", saga, {"spec": {"cancel": True}}).accepted
    for taken_back in (False, None):
        verdict = api.patch(namespace, "sagas", saga, {"spec": {"cancel": taken_back}})
        assert verdict.status == 422
        assert "spec.cancel cannot be taken back" in verdict.message


def test_suspend_goes_on_and_off(api, namespace, saga):
    for suspend in (True, False, True, None):
        assert api.patch(namespace, "sagas", saga, {"spec": {"suspend": suspend}}).accepted


def status(api, namespace, saga, value):
    return api.patch(namespace, "sagas", saga, {"status": value})


def test_who_wrote_the_status_is_kept_once_and_not_field_by_field(api, namespace, saga):
    steps = {f"step-{number}": {"state": "Succeeded", "output": {"id": number}} for number in range(8)}
    assert status(api, namespace, saga, {"phase": "Running", "steps": steps}).accepted
    managers = api.get(namespace, "sagas", saga).body["metadata"]["managedFields"]
    assert [each["fieldsV1"] for each in managers if each.get("subresource") == "status"] == [{"f:status": {}}]


def test_I7_direction_never_changes_from_backward_to_forward(api, namespace, saga):
    assert status(api, namespace, saga, {"direction": "Forward"}).accepted
    assert status(api, namespace, saga, {"direction": "Backward", "phase": "Compensating"}).accepted
    for turned in ({"direction": "Forward"}, {"direction": None}, None):
        verdict = status(api, namespace, saga, turned)
        assert verdict.status == 422
        assert "status.direction never changes from Backward to Forward" in verdict.message
    assert status(api, namespace, saga, {"progress": "1/4"}).accepted


@pytest.mark.parametrize("terminal", ["Succeeded", "Compensated", "Aborted"])
@pytest.mark.parametrize("other", ["Running", "Succeeded", "Compensated", "Aborted", None])
def test_I7_a_terminal_phase_never_changes(api, namespace, saga, terminal, other):
    assert status(api, namespace, saga, {"phase": terminal}).accepted
    verdict = status(api, namespace, saga, {"phase": other, "progress": "1/4"})
    assert verdict.accepted == (other == terminal)
    if not verdict.accepted:
        assert "a terminal status.phase never changes" in verdict.message
    assert api.get(namespace, "sagas", saga).body["status"]["phase"] == terminal


def test_I7_a_status_that_vanishes_whole_is_a_change_too(api, namespace, saga):
    assert status(api, namespace, saga, {"phase": "Succeeded"}).accepted
    assert status(api, namespace, saga, None).status == 422


def test_I7_a_stale_version_is_a_conflict(api, namespace, saga):
    seen = api.get(namespace, "sagas", saga).body["metadata"]
    fence = {"uid": seen["uid"], "resourceVersion": seen["resourceVersion"]}
    assert api.patch(namespace, "sagas", saga, {"metadata": fence, "status": {"progress": "1/4"}}).accepted
    assert api.patch(namespace, "sagas", saga, {"metadata": fence, "status": {"progress": "2/4"}}).status == 409


def test_I7_a_write_meant_for_an_earlier_object_of_the_same_name_is_a_conflict(api, namespace, saga):
    assert status(api, namespace, saga, {"phase": "Succeeded"}).accepted
    earlier = api.get(namespace, "sagas", saga).body["metadata"]
    assert api.delete(namespace, "sagas", saga).accepted
    assert api.create(namespace, "sagas", saga, SPEC).accepted
    fence = {"uid": earlier["uid"], "resourceVersion": earlier["resourceVersion"]}
    assert api.patch(namespace, "sagas", saga, {"metadata": fence, "status": {"progress": "1/4"}}).status == 409


def test_all_that_an_operator_records_is_kept(api, namespace, saga):
    recorded = {
        "phase": "Compensating",
        "direction": "Backward",
        "progress": "2/4",
        "currentSteps": "pay",
        "reason": "CardDeclined",
        "definitionHash": "7f3c1e",
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:00:01Z",
        "failure": {"step": "pay", "code": "CardDeclined", "message": "no", "attempts": 1},
        "steps": {
            "pay": {"state": "Failed", "attempts": 1, "error": {"code": "CardDeclined", "message": "no"}},
            "hold": {"state": "Succeeded", "output": {"any": [{"thing": 1}]}, "startedAt": "2026-01-01T00:00:00Z"},
        },
        "conditions": [
            {"type": "Stalled", "status": "False", "reason": "Progressing", "message": "", "lastTransitionTime": "t"}
        ],
    }
    assert status(api, namespace, saga, recorded).accepted
    assert api.get(namespace, "sagas", saga).body["status"] == recorded


def test_a_state_that_does_not_exist_is_refused(api, namespace, saga):
    assert "status.phase" in status(api, namespace, saga, {"phase": "Done"}).message
    assert "status.steps.a.state" in status(api, namespace, saga, {"steps": {"a": {"state": "Undone"}}}).message
