"""What is applied to the API server: the shop's namespace, the kinds, their policies, rights, and definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.instance import NAMESPACE, REPOSITORY, Instance
from hack.embedded.processes.kubernetes import kubectl

NAMESPACE_FILE: Final = REPOSITORY / "manifests" / "namespace.yaml"
DEFINITIONS: Final = REPOSITORY / "manifests" / "definitions"
_OPERATOR_FILES: Final = REPOSITORY / "charts" / "saga-operator" / "files"
KINDS: Final = _OPERATOR_FILES / "crds"
POLICIES: Final = _OPERATOR_FILES / "policies"
RIGHTS: Final = _OPERATOR_FILES / "rbac"

_APPLY: Final = ("apply", "--server-side", "--force-conflicts", "--field-manager=skald")


def apply_all(instance: Instance) -> None:
    """Apply everything; what is there already stays as it is. Raises PlatformError with the API server's complaint."""
    kubectl(instance, [*_APPLY, "-f", NAMESPACE_FILE, "-f", KINDS])
    kubectl(instance, ["wait", "--for=condition=Established", "--timeout=30s", "-f", KINDS])
    kubectl(instance, [*_APPLY, "-n", NAMESPACE, "-f", POLICIES, "-f", RIGHTS, "-f", DEFINITIONS])


def apply_namespace(instance: Instance, namespace: str) -> None:
    """Make another namespace like the shop's, with its service accounts and rights, but without definitions."""
    files = [NAMESPACE_FILE, *sorted(RIGHTS.glob("*.yaml"))]
    objects = [renamed(one, namespace) for file in files for one in yaml.safe_load_all(file.read_text("utf-8"))]
    kubectl(instance, [*_APPLY, "-f", "-"], stdin=yaml.safe_dump_all(objects))


def renamed(one: dict[str, Any], namespace: str) -> dict[str, Any]:
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
    """Every file that ``apply_all`` applies."""
    return [NAMESPACE_FILE, *(f for d in (KINDS, POLICIES, RIGHTS, DEFINITIONS) for f in sorted(d.glob("*.yaml")))]
