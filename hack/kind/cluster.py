"""The cluster itself: two nodes, DNS, metrics and volumes; what kind cannot know is added here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.parts.cache import run_tool
from hack.kind.engine import Engine
from hack.kind.kubectl import HOME, KUBECONFIG, KUBECTL, NAMESPACE, kubectl
from hack.kind.parts import HERE, LOGS, Parts

NAME: Final = "skald"
GATEWAY_PORT: Final = 30080
PORTS: Final = (GATEWAY_PORT, 30081, 30443)
"""Of every node, and of this machine's loopback address: the gateway, a second one that a test may start, HTTPS."""
METRICS_SERVER_IMAGE: Final = "registry.k8s.io/metrics-server/metrics-server:v0.9.0"


@dataclass(frozen=True)
class Cluster:
    """A kind cluster of that name on an engine."""

    engine: Engine
    parts: Parts

    def create(self, node_image: str | None) -> None:
        """Make it, and wait for its nodes. Without ``node_image`` it is of kind's own. Raises PlatformError."""
        config = HOME / "kind.yaml"
        config.write_text(yaml.safe_dump(kind_config(own_nodes=node_image is not None)))
        image = [f"--image={node_image}"] if node_image else []
        self._kind("create", "cluster", f"--config={config}", f"--kubeconfig={KUBECONFIG}", "--retain", *image)
        self.connect()
        kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=180s")
        _let_kube_proxy_keep_up()
        if node_image:
            self._shorten_dns()

    def connect(self) -> None:
        """Make ``KUBECONFIG`` and ``KUBECTL`` of this checkout reach it, whichever made it. Raises PlatformError."""
        self._kind("export", "kubeconfig", f"--kubeconfig={KUBECONFIG}")
        KUBECTL.parent.mkdir(exist_ok=True)
        KUBECTL.unlink(missing_ok=True)
        KUBECTL.symlink_to(self.parts.kubernetes().get(self.parts.board) / "bin" / "kubectl")

    def delete(self) -> None:
        """Delete it with everything in it. Raises PlatformError."""
        self._kind("delete", "cluster", f"--kubeconfig={KUBECONFIG}")

    def lacking(self, images: Sequence[str]) -> list[str]:
        """Those of these images that some node does not hold as the engine has them now. Raises PlatformError."""
        ids = self.engine.docker("image", "inspect", "--format={{.Id}}", *images).split()
        listing = ("ctr", "--namespace=k8s.io", "images", "list")
        listings = [self.engine.docker("exec", node, *listing) for node in cluster_nodes(self.engine)]
        wanted = dict(zip(images, ids, strict=True))
        return [image for image in images if not all(holds(listing, image, wanted[image]) for listing in listings)]

    def load(self, images: Sequence[str]) -> None:
        """Give its nodes these images of the engine. Raises PlatformError."""
        self._kind("load", "docker-image", *images)

    def export_logs(self, folder: Path) -> None:
        """What nodes and pods have to say. Raises PlatformError."""
        self._kind("export", "logs", folder)

    def add(self, manifest: str, **images: str) -> None:
        """Apply a file of ``manifests``, with its images filled in. Raises PlatformError."""
        text = (HERE / "manifests" / manifest).read_text("utf-8")
        for name, image in images.items():
            text = text.replace(f"${{{name}}}", image)
        kubectl("apply", "--filename=-", stdin=text)

    def helm(self, program: Path, *arguments: str | Path) -> None:
        """Run Helm in the shop's namespace. Raises PlatformError with its last lines."""
        where = [f"--kubeconfig={KUBECONFIG}", f"--namespace={NAMESPACE}"]
        run_tool([program, *arguments, *where], log=LOGS / f"helm-{arguments[0]}.log")

    def wait_rolled_out(self, namespace: str, deployment: str) -> None:
        """Wait until all its pods are ready. Raises PlatformError after three minutes."""
        kubectl("rollout", "status", f"deployment/{deployment}", f"--namespace={namespace}", "--timeout=180s")

    def _shorten_dns(self) -> None:
        """Without a network there is nobody to forward to, and CoreDNS would not start for looking for a loop."""
        where = ("configmap/coredns", "--namespace=kube-system")
        corefile = json.loads(kubectl("get", *where, "--output=json"))["data"]["Corefile"]
        kubectl("patch", *where, f"--patch={json.dumps({'data': {'Corefile': without_forwarding(corefile)}})}")
        kubectl("rollout", "restart", "deployment/coredns", "--namespace=kube-system")

    def _kind(self, *arguments: str | Path) -> None:
        log = LOGS / f"kind-{arguments[0]}.log"
        run_tool([self.parts.kind(), *arguments, f"--name={NAME}"], log=log, env=self.engine.env)


def _let_kube_proxy_keep_up() -> None:
    """For kube-proxy kubeadm asks no CPU: on busy cores it would be last, and send requests to pods long gone."""
    kubectl("set", "resources", "daemonset/kube-proxy", "--namespace=kube-system", "--requests=cpu=100m")


def cluster_nodes(engine: Engine) -> list[str]:
    """The names of the cluster's nodes; none where there is no cluster. Raises PlatformError."""
    label = f"--filter=label=io.x-k8s.kind.cluster={NAME}"
    return engine.docker("ps", "--all", label, "--format={{.Names}}").split()


def kind_config(*, own_nodes: bool) -> dict[str, Any]:
    """What ``kind create`` is told. Nodes of our own image bring their pod network; kind's own enforce policies."""
    ports = [{"containerPort": port, "hostPort": port, "listenAddress": "127.0.0.1"} for port in PORTS]
    # the control plane takes pods too: with one node drained there is another
    unreserved = {"kind": "InitConfiguration", "nodeRegistration": {"taints": []}}
    config: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [{"role": "control-plane", "extraPortMappings": ports}, {"role": "worker"}],
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


def full_name(image: str) -> str:
    """As containerd calls it: with the registry and the folder that docker leaves out."""
    first, _, rest = image.partition("/")
    if not rest:
        return f"docker.io/library/{image}"
    return image if {".", ":"} & set(first) else f"docker.io/{image}"


def holds(listing: str, image: str, identity: str) -> bool:
    """Whether what ``ctr images list`` prints has under this name the very image that docker knows by ``identity``."""
    digests = {row[0]: row[2] for row in (line.split() for line in listing.splitlines()[1:])}
    return identity in digests and digests[identity] == digests.get(full_name(image))


def without_forwarding(corefile: str) -> str:
    """A Corefile that answers for the cluster alone."""
    return re.sub(r"^ *(forward [^{\n]*\{[^}]*\}|forward [^{\n]*|loop)\n", "", corefile, flags=re.MULTILINE)
