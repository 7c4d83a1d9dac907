"""Each account may do exactly what it needs."""

from __future__ import annotations

import pytest

from tests.contract.admission.kube import account

RESOURCES = (
    "sagas",
    "sagas/status",
    "sagadefinitions",
    "sagadefinitions/status",
    "sagadecisions",
    "sagadecisions/status",
)
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
ACCOUNTS = (
    "saga-operator",
    "orders",
    "identity",
    "catalog",
    "inventory",
    "payments",
    "test-provider",
    "shipping",
    "default",
)
READ = ("get", "list", "watch")

ALLOWED = {
    "saga-operator": {
        *((verb, kind) for verb in READ for kind in ("sagas", "sagadefinitions", "sagadecisions")),
        ("patch", "sagas/status"),
        ("patch", "sagadefinitions/status"),
        ("patch", "sagadecisions/status"),
        ("patch", "sagadecisions"),
        ("delete", "sagas"),
    },
    "orders": {("create", "sagas"), ("get", "sagas"), ("patch", "sagas")},
}

PEOPLE = {
    "saga-viewer": {(verb, kind) for verb in READ for kind in ("sagas", "sagadefinitions", "sagadecisions")},
    "saga-editor": {(verb, "sagas") for verb in ("create", "update", "patch", "delete", "deletecollection")},
    "saga-definer": {(verb, "sagadefinitions") for verb in ("create", "update", "patch", "delete", "deletecollection")},
    "saga-decider": {
        *((verb, kind) for verb in READ for kind in ("sagas", "sagadefinitions", "sagadecisions")),
        ("create", "sagadecisions"),
    },
}


def rights(api, user, namespace):
    return {(verb, kind) for verb in VERBS for kind in RESOURCES if api.may(user, verb, kind, namespace)}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_account_may_do_in_its_namespace_what_it_needs_and_no_more(api, name):
    assert rights(api, account(name), "shop") == ALLOWED.get(name, set())


@pytest.mark.parametrize("name", ACCOUNTS)
def test_no_account_may_do_anything_to_sagas_elsewhere(api, namespace, name):
    assert rights(api, account(name), namespace) == set()


@pytest.mark.parametrize("name", ACCOUNTS)
def test_only_the_operator_makes_events_and_nobody_reads_secrets(api, name):
    assert api.may(account(name), "create", "events", "shop", group="") == (name == "saga-operator")
    assert not any(api.may(account(name), verb, "secrets", "shop", group="") for verb in VERBS)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_only_the_operator_has_a_lease(api, name):
    assert api.may(account(name), "create", "leases", "shop", group="coordination.k8s.io") == (name == "saga-operator")


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_service_can_find_the_keys_of_service_account_tokens(api, name):
    """It verifies its callers' projected tokens with them. The cluster's own roles grant it; nothing of ours does."""
    assert api.may_get_path(account(name), "/.well-known/openid-configuration")
    assert api.may_get_path(account(name), "/openid/v1/jwks")


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_for_people_grants_what_it_says(api, grant, namespace, name, role):
    grant(role, name)
    assert rights(api, name, namespace) == PEOPLE[role]


@pytest.mark.parametrize(
    ("role", "joins"),
    [
        ("saga-viewer", {"view", "edit", "admin"}),
        ("saga-editor", {"edit", "admin"}),
        ("saga-definer", {"admin"}),
        ("saga-decider", set()),
    ],
)
def test_the_roles_join_the_clusters_own(api, role, joins):
    labels = (
        api.call("GET", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}").body["metadata"].get("labels", {})
    )
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    assert {label.removeprefix(prefix) for label in labels if label.startswith(prefix)} == joins


def test_who_starts_sagas_cannot_write_their_status(api, namespace, name):
    """A foreign write: the start is accepted, the claim that it is already done is not."""
    orders = account("orders", namespace)
    assert api.create(namespace, "sagas", name, {"definition": "d"}, user=orders).accepted
    assert api.patch(namespace, "sagas", name, {"status": {"phase": "Succeeded"}}, user=orders).status == 403
    assert api.get(namespace, "sagas", name).body["status"] == {"phase": "Pending"}


def test_who_starts_sagas_may_have_them_undone(api, namespace, name):
    orders = account("orders", namespace)
    assert api.create(namespace, "sagas", name, {"definition": "d"}, user=orders).accepted
    assert api.patch(namespace, "sagas", name, {"spec": {"cancel": True}}, user=orders).accepted
    assert api.get(namespace, "sagas", name).body["spec"]["cancel"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"annotations": {"skald.dev/abandon": "true"}},
        {"labels": {"mine": "now"}},
        {"finalizers": ["skald.dev/stay"]},
        {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_who_starts_sagas_may_change_nothing_else_of_them(api, namespace, name, change):
    orders = account("orders", namespace)
    assert api.create(namespace, "sagas", name, {"definition": "d"}, user=orders).accepted
    refused = api.patch(namespace, "sagas", name, {"metadata": change, "spec": {"cancel": True}}, user=orders)
    assert refused.status == 403
    assert f"{orders} starts sagas and may change nothing of them but spec.cancel" in refused.message


def test_who_starts_sagas_may_not_suspend_them(api, namespace, name):
    orders = account("orders", namespace)
    assert api.create(namespace, "sagas", name, {"definition": "d"}, user=orders).accepted
    assert not api.patch(namespace, "sagas", name, {"spec": {"suspend": True}}, user=orders).accepted


def test_who_may_edit_sagas_is_no_starter(api, grant, namespace, name):
    grant("saga-editor", name)
    assert api.create(namespace, "sagas", name, {"definition": "d"}).accepted
    assert api.patch(namespace, "sagas", name, {"metadata": {"labels": {"team": "shop"}}}, user=name).accepted


def test_the_operator_writes_status_and_never_spec(api, namespace, name):
    operator = account("saga-operator", namespace)
    assert api.create(namespace, "sagas", name, {"definition": "d"}).accepted
    assert api.patch(namespace, "sagas", name, {"status": {"phase": "Aborted"}}, user=operator).accepted
    assert api.patch(namespace, "sagas", name, {"spec": {"cancel": True}}, user=operator).status == 403


def test_the_operator_deletes_what_has_ended_and_nothing_else(api, namespace, name):
    operator = account("saga-operator", namespace)
    assert api.create(namespace, "sagas", name, {"definition": "d"}).accepted
    assert api.delete(namespace, "sagas", name, user=operator).status == 403
    assert api.patch(namespace, "sagas", name, {"status": {"phase": "Succeeded"}}, user=operator).accepted
    assert api.delete(namespace, "sagas", name, user=operator).accepted
