"""What a test does with the API server: a few calls, and waiting for a saga."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from saga_operator.domain.nesting import shallow

JSON = dict[str, Any]
API = "/apis/skald.dev/v1alpha1"
PATIENCE = 60.0


def eventually(what: str, probe: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true answer of ``probe``."""
    until = time.monotonic() + seconds
    last = None
    while time.monotonic() < until:
        last = probe()
        if last:
            return last
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what} (the last answer: {last!r})")


class Cluster:
    """One namespace of an API server, as its administrator."""

    def __init__(self, url: str, token: str, ca_file: Path, namespace: str) -> None:
        self.namespace = namespace
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(ca_file)
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: JSON | None = None, **options: Any) -> JSON:
        """A call that must succeed."""
        response = self._session.request(method, self._url + path, json=body, timeout=10, **options)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return json.loads(shallow(response.content))

    def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        return self._session.get(self._url + path, timeout=10).status_code == HTTPStatus.OK

    def path(self, plural: str, name: str = "") -> str:
        """Of a skald.dev resource in this namespace."""
        return f"{API}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def define(self, name: str, steps: list[JSON], **spec: Any) -> JSON:
        """Create a SagaDefinition."""
        body = {
            "apiVersion": "skald.dev/v1alpha1",
            "kind": "SagaDefinition",
            "metadata": {"name": name},
            "spec": {"steps": steps, **spec},
        }
        return self.call("POST", self.path("sagadefinitions"), body)

    def start(self, name: str, definition: str, **spec: Any) -> JSON:
        """Create a Saga."""
        body = {
            "apiVersion": "skald.dev/v1alpha1",
            "kind": "Saga",
            "metadata": {"name": name},
            "spec": {"definition": definition, **spec},
        }
        return self.call("POST", self.path("sagas"), body)

    def start_nested(self, name: str, definition: str, levels: int) -> None:
        """Create a Saga with more levels of input than Python's own encoder would write."""
        body = {"apiVersion": "skald.dev/v1alpha1", "kind": "Saga", "metadata": {"name": name}}
        text = json.dumps({**body, "spec": {"definition": definition, "input": {"in": "DEEP"}}})
        deep = text.replace('"DEEP"', '{"in":' * (levels - 1) + "1" + "}" * (levels - 1))
        self.call("POST", self.path("sagas"), data=deep, headers={"Content-Type": "application/json"})

    def decide(self, saga: str, action: str, step: str | None = None, **more: Any) -> str:
        """Create a SagaDecision in one's own name; its name."""
        whoami = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        me = self.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", whoami)["status"]["userInfo"]
        spec = {"saga": saga, "action": action, "by": me["username"], "reason": "a test says so", **more}
        body = {
            "apiVersion": "skald.dev/v1alpha1",
            "kind": "SagaDecision",
            "metadata": {"generateName": f"{saga}-"},
            "spec": spec if step is None else {**spec, "step": step},
        }
        return str(self.call("POST", self.path("sagadecisions"), body)["metadata"]["name"])

    def decision(self, name: str) -> JSON:
        """A SagaDecision as it is now."""
        return self.call("GET", self.path("sagadecisions", name))

    def answer(self, name: str) -> JSON:
        """What became of a decision, once that is known."""
        return eventually(f"decision {name} answered", lambda: self.decision(name).get("status"))

    def saga(self, name: str) -> JSON:
        """As it is now."""
        return self.call("GET", self.path("sagas", name))

    def step(self, name: str, step: str) -> JSON:
        """What a saga's status says of a step."""
        return self.saga(name).get("status", {}).get("steps", {}).get(step, {})

    def phase(self, name: str) -> str:
        """A saga's phase."""
        return self.saga(name).get("status", {}).get("phase", "Pending")

    def wait(self, name: str, phase: str, seconds: float = PATIENCE) -> JSON:
        """The saga, once it is in this phase."""
        return eventually(f"saga {name} {phase}", lambda: self._when(name, phase), seconds)

    def _when(self, name: str, phase: str) -> JSON | None:
        saga = self.saga(name)
        return saga if saga.get("status", {}).get("phase", "Pending") == phase else None

    def condition(self, plural: str, name: str, kind: str) -> JSON | None:
        """One condition of an object."""
        conditions = self.call("GET", self.path(plural, name)).get("status", {}).get("conditions", [])
        return next((condition for condition in conditions if condition["type"] == kind), None)

    def stalled(self, name: str) -> str | None:
        """Why a saga is stalled; None when it is not."""
        condition = self.condition("sagas", name, "Stalled")
        return condition["reason"] if condition and condition["status"] == "True" else None

    def patch(self, path: str, body: JSON) -> JSON:
        """A merge patch."""
        return self.call("PATCH", path, body, headers={"Content-Type": "application/merge-patch+json"})

    def delete_saga(self, name: str) -> None:
        """Abandon a saga, whatever it is doing."""
        self.patch(self.path("sagas", name), {"metadata": {"annotations": {"skald.dev/abandon": "true"}}})
        self.call("DELETE", self.path("sagas", name))

    def abandon_all(self) -> None:
        """Delete every saga that has not ended."""
        for saga in self.call("GET", self.path("sagas"))["items"]:
            if saga["status"]["phase"] not in ("Succeeded", "Compensated", "Aborted"):
                self.delete_saga(saga["metadata"]["name"])

    def events(self, name: str) -> list[JSON]:
        """The Kubernetes Events about a saga."""
        query = f"?fieldSelector=involvedObject.name={name},involvedObject.kind=Saga"
        return self.call("GET", f"/api/v1/namespaces/{self.namespace}/events{query}")["items"]

    def writes(self, created: JSON) -> int:
        """How many times etcd was written for this saga, its creation included."""
        last = self.saga(created["metadata"]["name"])["metadata"]["resourceVersion"]

        def versions() -> list[str]:
            seen = self._versions(created["metadata"])
            return seen if last in seen else []

        return len(eventually("the watch has told of all changes", versions))

    def _versions(self, metadata: JSON) -> list[str]:
        """From this one on: those of a second, in which a superfluous write would come too."""
        query = (
            f"?watch=1&fieldSelector=metadata.name={metadata['name']}"
            f"&resourceVersion={metadata['resourceVersion']}&timeoutSeconds=1"
        )
        response = self._session.get(self._url + self.path("sagas") + query, timeout=10)
        changes = [json.loads(line) for line in response.text.splitlines()]
        assert all(change["type"] == "MODIFIED" for change in changes), changes
        return [str(each["resourceVersion"]) for each in (metadata, *(it["object"]["metadata"] for it in changes))]
