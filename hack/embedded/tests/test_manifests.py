from __future__ import annotations

from typing import Any

from hack.embedded.manifests import account, manifest_files, renamed


def test_a_namespaced_object_moves_with_the_accounts_it_speaks_of() -> None:
    binding: dict[str, Any] = {
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "shop"},
        "subjects": [{"name": "orders", "namespace": "shop"}, {"name": "someone", "namespace": "elsewhere"}],
    }
    moved = renamed(binding, "mine")
    assert moved["metadata"]["namespace"] == "mine"
    assert [subject["namespace"] for subject in moved["subjects"]] == ["mine", "elsewhere"]
    assert binding["metadata"]["namespace"] == "shop", "the original is left alone"


def test_an_accounts_token_is_never_mounted_by_default() -> None:
    assert renamed(account("orders"), "mine") == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "orders", "namespace": "mine"},
        "automountServiceAccountToken": False,
    }


def test_the_namespace_itself_gets_the_name() -> None:
    moved = renamed({"kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}, "mine")
    assert moved["metadata"] == {"name": "mine", "labels": {"a": "b"}}


def test_what_belongs_to_the_whole_cluster_stays() -> None:
    role = {"kind": "ClusterRole", "metadata": {"name": "saga-viewer"}}
    assert renamed(role, "mine") == role


def test_every_kind_of_manifest_is_applied() -> None:
    folders = {path.parent.name for path in manifest_files()}
    assert folders == {"manifests", "crds", "policies", "rbac", "definitions"}
