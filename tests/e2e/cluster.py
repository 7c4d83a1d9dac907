"""A cluster with the chart installed: what the tests ask of it, and what they do to it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from hack.kind.cluster import GATEWAY_PORT
from hack.kind.kubectl import KUBECONFIG, NAMESPACE, RELEASE, KubectlError, kubectl
from hack.kind.record import Installed

__all__ = ["Cluster", "HelmError", "KubectlError"]

_TESTER = "e2e-tester"


class HelmError(Exception):
    """Helm ended with a complaint."""


@dataclass
class Cluster:
    """The same surface as the embedded platform's, as far as a customer and an onlooker need it."""

    installed: Installed
    gateway: str = f"http://127.0.0.1:{GATEWAY_PORT}"
    namespace: str = NAMESPACE
    release: str = RELEASE

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What `kubectl --namespace shop ARGUMENTS` prints. Raises KubectlError."""
        return kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def saga(self, *arguments: str) -> Any:
        """What `kubectl saga ARGUMENTS --output=json` says of the release's namespace."""
        command = [sys.executable, "-m", "kubectl_saga", *arguments, f"--namespace={self.namespace}"]
        done = subprocess.run([*command, f"--kubeconfig={KUBECONFIG}"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def helm(self, *arguments: str | Path) -> str:
        """What `helm --namespace shop ARGUMENTS` prints. Raises HelmError."""
        command = [self.installed.helm, *arguments, f"--kubeconfig={KUBECONFIG}", f"--namespace={self.namespace}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise HelmError(f"helm {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    @property
    def enforces_policies(self) -> bool:
        """Whether the pod network drops what no NetworkPolicy allows; kind's own does."""
        return self.installed.registry

    @property
    def official(self) -> bool:
        """Whether MongoDB and Kong are themselves, and no stand-ins."""
        return self.installed.registry

    def get(self, *what: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", *what, "--output=json"))

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """Pods that are neither done with their work nor on their way out."""
        pods = self.get("pods", f"--selector={selector}")["items"]
        return [
            pod
            for pod in pods
            if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] not in ("Succeeded", "Failed")
        ]

    def ready(self, selector: str) -> bool:
        """Whether there are such pods and all of them are ready."""
        pods = self.pods(selector)
        return bool(pods) and all(
            any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in pod["status"]["conditions"]
            )
            for pod in pods
            if "conditions" in pod["status"]
        )

    def client_secret(self, _: str) -> str:
        return base64.b64decode(self.get("secret", "demo-clients")["data"]["client-secret"]).decode()

    @cached_property
    def _cluster_entry(self) -> dict[str, str]:
        return yaml.safe_load(KUBECONFIG.read_text())["clusters"][0]["cluster"]

    @property
    def kubernetes_url(self) -> str:
        return self._cluster_entry["server"]

    @cached_property
    def ca_file(self) -> Path:
        file = KUBECONFIG.with_name("ca.crt")
        file.write_bytes(base64.b64decode(self._cluster_entry["certificate-authority-data"]))
        return file

    @cached_property
    def admin_token(self) -> str:
        """An onlooker's: it may see everything, as the built-in role `cluster-admin` may."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _TESTER, "namespace": "default"}}
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _TESTER},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": _TESTER, "namespace": "default"}],
        }
        for manifest in (account, binding):
            self.kubectl(
                "apply",
                f"--namespace={manifest['metadata'].get('namespace', '')}",
                "--filename=-",
                stdin=json.dumps(manifest),
            )
        return self.kubectl("create", "token", _TESTER, "--namespace=default", "--duration=2h").strip()
