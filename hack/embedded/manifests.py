"""What is applied to the API server: the shop's namespace, the kinds, their policies, rights, and definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.accounts import AUDIENCES
from hack.embedded.instance import NAMESPACE, REPOSITORY, Instance
from hack.embedded.processes.kubernetes import kubectl

NAMESPACE_FILE: Final = REPOSITORY / "manifests" / "namespace.yaml"
DEFINITIONS: Final = REPOSITORY / "manifests" / "definitions"
_OPERATOR_FILES: Final = REPOSITORY / "charts" / "saga-operator" / "files"
KINDS: Final = _OPERATOR_FILES / "crds"
POLICIES: Final = _OPERATOR_FILES / "policies"
RIGHTS: Final = _OPERATOR_FILES / "rbac"

JSON = dict[str, Any]


def apply_namespace(instance: Instance, namespace: str = NAMESPACE) -> None:
    """Apply a namespace with the service accounts and their rights.

    What is there already stays as it is. Raises PlatformError with the API server's complaint.
    """
    files = [NAMESPACE_FILE, *sorted(RIGHTS.glob("*.yaml"))]
    objects = [one for file in files for one in yaml.safe_load_all(file.read_text("utf-8"))]
    objects[1:1] = [account(name) for name in AUDIENCES]  # after the namespace, before what speaks of them
    kubectl(instance, ["apply", "-f", "-"], stdin=yaml.safe_dump_all(renamed(one, namespace) for one in objects))


def apply_kinds(instance: Instance) -> None:
    """Apply the kinds, wait until they are served, then their policies and the definitions; as ``apply_namespace``."""
    kubectl(instance, ["apply", "-f", KINDS, "-f", POLICIES])
    kubectl(instance, ["wait", "--for=condition=Established", "--timeout=30s", "-f", KINDS])
    kubectl(instance, ["apply", "-n", NAMESPACE, "-f", DEFINITIONS])


def account(name: str) -> JSON:
    """The service account of that name. Its tokens are projected, never mounted by default."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False}


def renamed(one: JSON, namespace: str) -> JSON:
    """The object as it is in another namespace than the shop's."""
    metadata = one["metadata"]
    if one["kind"] == "Namespace":
        return {**one, "metadata": {**metadata, "name": namespace}}
    if "namespace" not in metadata:
        return one
    moved = {**one, "metadata": {**metadata, "namespace": namespace}}
    if "subjects" in one:
        moved["subjects"] = [
            {**subject, "namespace": namespace} if subject.get("namespace") == NAMESPACE else subject
            for subject in one["subjects"]
        ]
    return moved


def manifest_files() -> list[Path]:
    """Every file that is applied."""
    return [NAMESPACE_FILE, *(f for d in (KINDS, POLICIES, RIGHTS, DEFINITIONS) for f in sorted(d.glob("*.yaml")))]
