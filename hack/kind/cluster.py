"""The cluster itself: two nodes, DNS, metrics and volumes; what kind cannot know is added here."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import run_tool
from hack.kind.engine import Engine
from hack.kind.parts import HERE, LOGS

NAME: Final = "skald"
NAMESPACE: Final = "shop"
GATEWAY_PORT: Final = 30080
"""Of every node, and of this machine's loopback address."""
METRICS_SERVER_IMAGE: Final = "registry.k8s.io/metrics-server/metrics-server:v0.9.0"

HOME: Final = LOGS.parent
KUBECONFIG: Final = HOME / "kubeconfig"
"""The administrator's; the user's own file is left alone."""
KUBECTL: Final = HOME / "bin" / "kubectl"


@dataclass(frozen=True)
class Cluster:
    """A kind cluster of that name on an engine."""

    engine: Engine
    kind: Path
    kubectl: Path

    def exists(self) -> bool:
        """Whether kind knows it."""
        return NAME in self._kind_says("get", "clusters").split()

    def create(self, node_image: str | None) -> None:
        """Make it, and wait for its nodes. Without ``node_image`` it is of kind's own. Raises PlatformError."""
        config = HOME / "kind.yaml"
        config.write_text(yaml.safe_dump(kind_config(own_nodes=node_image is not None)))
        image = [f"--image={node_image}"] if node_image else []
        self._kind("create", "cluster", f"--config={config}", f"--kubeconfig={KUBECONFIG}", "--retain", *image)
        KUBECTL.parent.mkdir(exist_ok=True)
        KUBECTL.unlink(missing_ok=True)
        KUBECTL.symlink_to(self.kubectl)
        if node_image:
            self._shorten_dns()
        self.run("wait", "node", "--all", "--for=condition=Ready", "--timeout=180s")

    def delete(self) -> None:
        """Delete it with everything in it. Raises PlatformError."""
        self._kind("delete", "cluster", f"--kubeconfig={KUBECONFIG}")

    def load(self, images: Sequence[str]) -> None:
        """Give its nodes these images of the engine. Raises PlatformError."""
        self._kind("load", "docker-image", *images)

    def export_logs(self, folder: Path) -> None:
        """What nodes and pods have to say. Raises PlatformError."""
        self._kind("export", "logs", folder)

    def add(self, manifest: str, images: Mapping[str, str]) -> None:
        """Apply a file of ``manifests``, with its images filled in. Raises PlatformError."""
        text = (HERE / "manifests" / manifest).read_text("utf-8")
        for name, image in images.items():
            text = text.replace(f"${{{name}}}", image)
        self.run("apply", "--filename=-", stdin=text)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What ``kubectl ARGUMENTS`` prints. Raises PlatformError with its complaint."""
        command: list[str | Path] = [self.kubectl, f"--kubeconfig={KUBECONFIG}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PlatformError(f"kubectl {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout

    def helm(self, program: Path, *arguments: str | Path) -> None:
        """Run Helm in the shop's namespace. Raises PlatformError with its last lines."""
        where = [f"--kubeconfig={KUBECONFIG}", f"--namespace={NAMESPACE}"]
        run_tool([program, *arguments, *where], log=LOGS / f"helm-{arguments[0]}.log")

    def wait_rolled_out(self, namespace: str, deployment: str) -> None:
        """Wait until all its pods are ready. Raises PlatformError after three minutes."""
        self.run("rollout", "status", f"deployment/{deployment}", f"--namespace={namespace}", "--timeout=180s")

    def _shorten_dns(self) -> None:
        """Without a network there is nobody to forward to, and CoreDNS would not start for looking for a loop."""
        where = ("configmap/coredns", "--namespace=kube-system")
        corefile = json.loads(self.run("get", *where, "--output=json"))["data"]["Corefile"]
        self.run("patch", *where, f"--patch={json.dumps({'data': {'Corefile': without_forwarding(corefile)}})}")
        self.run("rollout", "restart", "deployment/coredns", "--namespace=kube-system")

    def _kind(self, *arguments: str | Path) -> None:
        log = LOGS / f"kind-{arguments[0]}.log"
        run_tool([self.kind, *arguments, f"--name={NAME}"], log=log, env=self.engine.env)

    def _kind_says(self, *arguments: str) -> str:
        done = subprocess.run([self.kind, *arguments], env=self.engine.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PlatformError(f"kind {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout


def kind_config(*, own_nodes: bool) -> dict[str, Any]:
    """What ``kind create`` is told. Nodes of our own image bring their pod network; kind's own enforce policies."""
    port = {"containerPort": GATEWAY_PORT, "hostPort": GATEWAY_PORT, "listenAddress": "127.0.0.1"}
    # the control plane takes pods too: with one node drained there is another
    unreserved = {"kind": "InitConfiguration", "nodeRegistration": {"taints": []}}
    config: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": "control-plane", "extraPortMappings": [port]}, {"role": "worker"}],
        "kubeadmConfigPatches": [yaml.safe_dump(unreserved)],
    }
    if own_nodes:
        kubelet = {
            "kind": "KubeletConfiguration",
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "resolvConf": "/kind/pod-resolv.conf",
        }
        config["networking"] = {
            "disableDefaultCNI": True,
            "podSubnet": "10.244.0.0/16",
            "serviceSubnet": "10.96.0.0/16",
            "kubeProxyMode": "nftables",
            "ipFamily": "ipv4",
        }
        config["kubeadmConfigPatches"].append(yaml.safe_dump(kubelet))
    return config


def without_forwarding(corefile: str) -> str:
    """A Corefile that answers for the cluster alone."""
    return re.sub(r"^ *(forward [^{\n]*\{[^}]*\}|forward [^{\n]*|loop)\n", "", corefile, flags=re.MULTILINE)
