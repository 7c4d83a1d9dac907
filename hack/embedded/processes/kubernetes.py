"""The Kubernetes API: etcd, API server, the controllers that need no nodes, and the files that let clients in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from hack.embedded.credentials import Credentials, write_private
from hack.embedded.errors import PlatformError
from hack.embedded.instance import Instance
from hack.embedded.parts import Parts
from hack.embedded.probes import answers
from hack.embedded.processes.model import Process

ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
"""Who signs service-account tokens; the name that a kubeadm cluster uses."""

CONTROLLERS: Final = ("namespace-controller", "garbage-collector-controller", "serviceaccount-controller")
"""Without them a namespace is never gone, owned objects stay, and no default service account appears."""

_PLUGINS: Final = ("kubectl-saga", "kubectl_complete-saga")
"""Programs of this environment that kubectl runs as ``kubectl saga``, and asks for its completions."""


@dataclass(frozen=True)
class ControlPlane:
    """etcd, kube-apiserver and kube-controller-manager of one instance."""

    instance: Instance
    parts: Parts
    credentials: Credentials

    def processes(self) -> list[Process]:
        """In the order in which they start."""
        return [self._etcd(), self._apiserver(), self._controller_manager()]

    @property
    def admin_token(self) -> str:
        """Bearer token of the administrator."""
        return self.credentials.password("kubernetes/admin")

    @property
    def _folder(self) -> Path:
        return self.instance.state / "kubernetes"

    def _etcd(self) -> Process:
        client = f"http://{self.instance.ports.address('etcd')}"
        peer = f"http://{self.instance.ports.address('etcd-peer')}"
        folder = self.instance.state / "etcd"
        return Process(
            name="etcd",
            command=(
                str(self.parts.kubernetes / "etcd"),
                "--name=skald",
                f"--data-dir={folder}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=skald={peer}",
                "--log-level=warn",
            ),
            folder=folder,
            ready=answers(f"{client}/readyz"),
        )

    def _apiserver(self) -> Process:
        ports = self.instance.ports
        signing_key = self.credentials.signing_key("kubernetes/service-accounts")
        users = self._folder / "users.csv"
        return Process(
            name="apiserver",
            command=(
                str(self.parts.kubernetes / "kube-apiserver"),
                f"--etcd-servers=http://{ports.address('etcd')}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                f"--secure-port={ports['apiserver']}",
                f"--cert-dir={self.instance.ca_file.parent}",
                "--service-cluster-ip-range=10.96.0.0/16",
                f"--token-auth-file={users}",
                "--anonymous-auth=false",
                "--authorization-mode=RBAC",
                f"--service-account-issuer={ISSUER}",
                f"--service-account-key-file={self.credentials.public_key('kubernetes/service-accounts')}",
                f"--service-account-signing-key-file={signing_key}",
                # it wants a token mounted into each pod, and there are no pods
                "--disable-admission-plugins=ServiceAccount",
                "--v=1",
            ),
            folder=self._folder,
            files={users: self._users()},
            needs=frozenset({"etcd"}),
            ready=answers(
                f"{self.instance.kubernetes_url}/readyz",
                headers={"Authorization": f"Bearer {self.admin_token}"},
                ca_file=self.instance.ca_file,
            ),
        )

    def _users(self) -> str:
        """The API server's static users: token, name, uid, groups."""
        manager = self.credentials.password("kubernetes/controller-manager")
        return (
            f'{self.admin_token},admin,admin,"system:masters"\n'
            f"{manager},system:kube-controller-manager,controller-manager\n"
        )

    def _controller_manager(self) -> Process:
        kubeconfig = self._folder / "controller-manager.kubeconfig"
        token = self.credentials.password("kubernetes/controller-manager")
        return Process(
            name="controller-manager",
            command=(
                str(self.parts.kubernetes / "kube-controller-manager"),
                f"--kubeconfig={kubeconfig}",
                f"--controllers={','.join(CONTROLLERS)}",
                "--use-service-account-credentials=true",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                f"--secure-port={self.instance.ports['controller-manager']}",
                f"--tls-cert-file={self.instance.ca_file}",
                f"--tls-private-key-file={self.instance.ca_file.with_suffix('.key')}",
            ),
            files={kubeconfig: render_kubeconfig(self.instance, "controller-manager", token)},
            needs=frozenset({"apiserver"}),
            ready=answers(
                f"https://{self.instance.ports.address('controller-manager')}/healthz", ca_file=self.instance.ca_file
            ),
        )

    def hand_out_access(self) -> None:
        """Write the administrator's kubeconfig, and a kubectl with plugins that use it whatever KUBECONFIG says."""
        write_private(self.instance.kubeconfig, render_kubeconfig(self.instance, "admin", self.admin_token))
        self.instance.kubectl.parent.mkdir(parents=True, exist_ok=True)
        self._hand_out("kubectl", self.parts.kubernetes / "kubectl")
        for plugin in _PLUGINS:
            self._hand_out(plugin, Path(sys.executable).parent / plugin)

    def _hand_out(self, name: str, program: Path) -> None:
        """A program that uses this instance. kubectl finds its plugins beside it."""
        folder = self.instance.kubectl.parent
        script = folder / name
        script.write_text(
            f"#!/bin/sh\nPATH='{folder}':\"$PATH\" KUBECONFIG='{self.instance.kubeconfig}' exec '{program}' \"$@\"\n"
        )
        script.chmod(0o755)


def render_kubeconfig(instance: Instance, user: str, token: str) -> str:
    """A kubeconfig for one user of the instance's API server, in the shop's namespace."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "skald",
        "clusters": [
            {
                "name": "skald",
                "cluster": {"server": instance.kubernetes_url, "certificate-authority": str(instance.ca_file)},
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "skald", "context": {"cluster": "skald", "user": user}}],
    }
    return yaml.safe_dump(config, sort_keys=False)


def kubectl(instance: Instance, arguments: Sequence[str | Path], stdin: str | None = None) -> str:
    """Run the instance's kubectl and return what it prints. Raises PlatformError with its complaint."""
    done = subprocess.run([instance.kubectl, *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PlatformError(f"kubectl {' '.join(map(str, arguments))} failed:\n{done.stderr.strip()}")
    return done.stdout
