"""The API server as these tests see it: ask as somebody, read the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

GROUP = "skald.dev/v1alpha1"
KINDS = {"sagas": "Saga", "sagadefinitions": "SagaDefinition", "sagadecisions": "SagaDecision"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the API server answered."""

    status: int
    body: Mapping[str, Any]

    @property
    def accepted(self) -> bool:
        return self.status < 300

    @property
    def message(self) -> str:
        return " ".join(str(self.body.get("message", "")).split())


class Api:
    """Requests as the administrator, or as any user by impersonation."""

    def __init__(self, url: str, token: str, ca_file: Path) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # REQUESTS_CA_BUNDLE would win over verify
        self._session.verify = str(ca_file)
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(
        self, method: str, path: str, body: Any = None, *, user: str | None = None, patch: str = "merge"
    ) -> Verdict:
        headers = {"Content-Type": f"application/{patch}-patch+json" if method == "PATCH" else "application/json"}
        if user is not None:
            headers["Impersonate-User"] = user
        answer = self._session.request(method, self._url + path, json=body, headers=headers, timeout=10)
        return Verdict(answer.status_code, answer.json() if "json" in answer.headers.get("Content-Type", "") else {})

    def apply(self, path: str, manifest: str) -> Verdict:
        """POST of a file's text, so that the API server reads the YAML itself."""
        headers = {"Content-Type": "application/yaml", "Accept": "application/json"}
        answer = self._session.post(self._url + path, data=manifest.encode(), headers=headers, timeout=10)
        return Verdict(answer.status_code, answer.json())

    def create(
        self, namespace: str, plural: str, name: str, spec: Mapping[str, Any], *, user: str | None = None
    ) -> Verdict:
        body = {"apiVersion": GROUP, "kind": KINDS[plural], "metadata": {"name": name}, "spec": dict(spec)}
        return self.call("POST", path_of(namespace, plural), body, user=user)

    def patch(
        self, namespace: str, plural: str, name: str, change: Mapping[str, Any], *, user: str | None = None
    ) -> Verdict:
        """A merge patch of the object, or of its status when that is what the change holds."""
        subresource = "/status" if "status" in change else ""
        return self.call("PATCH", path_of(namespace, plural, name) + subresource, dict(change), user=user)

    def get(self, namespace: str, plural: str, name: str) -> Verdict:
        return self.call("GET", path_of(namespace, plural, name))

    def delete(self, namespace: str, plural: str, name: str, *, user: str | None = None) -> Verdict:
        return self.call("DELETE", path_of(namespace, plural, name), user=user)

    def names(self, namespace: str, plural: str, field_selector: str) -> set[str]:
        verdict = self.call("GET", f"{path_of(namespace, plural)}?fieldSelector={field_selector}")
        assert verdict.accepted, verdict.message
        return {item["metadata"]["name"] for item in verdict.body["items"]}

    def may(self, user: str, verb: str, resource: str, namespace: str, group: str = "skald.dev") -> bool:
        """Whether RBAC lets the user do it: ``resource`` may be ``plural/subresource``."""
        plural, _, subresource = resource.partition("/")
        attributes = {
            "verb": verb,
            "group": group,
            "resource": plural,
            "subresource": subresource,
            "namespace": namespace,
        }
        return self._review({"resourceAttributes": attributes}, user)

    def may_get_path(self, user: str, path: str) -> bool:
        return self._review({"nonResourceAttributes": {"verb": "get", "path": path}}, user)

    def _review(self, question: Mapping[str, Any], user: str) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": _groups(user), **question},
        }
        return bool(
            self.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review).body["status"]["allowed"]
        )


def path_of(namespace: str, plural: str, name: str = "") -> str:
    return f"/apis/{GROUP}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def account(name: str, namespace: str = "shop") -> str:
    """The user name that a service account has."""
    return f"system:serviceaccount:{namespace}:{name}"


def _groups(user: str) -> list[str]:
    if not user.startswith("system:serviceaccount:"):
        return ["system:authenticated"]
    namespace = user.split(":")[2]
    return ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
