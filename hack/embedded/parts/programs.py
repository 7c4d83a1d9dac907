"""The Go programs: Kubernetes with etcd from ``hack/kubernetes``, and FerretDB."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.go import Toolchain

KUBERNETES_SOURCE: Final = REPOSITORY / "hack" / "kubernetes"
FERRETDB: Final = "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@v2.7.0"

_COMPONENTS: Final = ("kube-apiserver", "kube-controller-manager", "kubectl")


def kubernetes_ingredients(go: Toolchain) -> list[str | Path]:
    """What decides how the Kubernetes programs come out."""
    sources = sorted(KUBERNETES_SOURCE.rglob("*.go"))
    return [*sources, KUBERNETES_SOURCE / "go.mod", KUBERNETES_SOURCE / "go.sum", version_flags(), go.version]


def build_kubernetes(folder: Path, go: Toolchain, logs: Path) -> None:
    """``bin/kubernetes`` (which is every component, by its name) and ``bin/etcd``."""
    binaries = folder / "bin"
    go.build(
        ["build", "-trimpath", "-ldflags", f"-s -w {version_flags()}", "-o", f"{binaries}/", ".", "./etcd"],
        log=logs / "build-kubernetes.log",
        cwd=KUBERNETES_SOURCE,
        bin_folder=binaries,
    )
    for component in _COMPONENTS:
        (binaries / component).symlink_to("kubernetes")


def build_ferretdb(folder: Path, go: Toolchain, logs: Path) -> None:
    """``bin/ferretdb``."""
    go.build(["install", "-trimpath", FERRETDB], log=logs / "build-ferretdb.log", bin_folder=folder / "bin")


def version_flags() -> str:
    """Linker flags that tell the programs their version; without them kubectl and kubeadm distrust the server."""
    version = kubernetes_version((KUBERNETES_SOURCE / "go.mod").read_text("utf-8"))
    major, minor, _ = version.split(".")
    facts = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{name}={value}" for package in packages for name, value in facts.items())


def kubernetes_version(go_mod: str) -> str:
    """The version of Kubernetes that a go.mod requires, for example 1.34.4. Raises PlatformError when it has none."""
    found = re.search(r"^\s*k8s\.io/kubernetes v(\d+\.\d+\.\d+)$", go_mod, re.MULTILINE)
    if not found:
        raise PlatformError(f"{KUBERNETES_SOURCE / 'go.mod'} requires no release of k8s.io/kubernetes")
    return found[1]
