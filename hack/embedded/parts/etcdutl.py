"""etcdutl, the program that makes etcd's data out of a snapshot. Only the chaos run needs it.

A module of its own: in ``hack/kubernetes`` every change of it would compile Kubernetes again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import build_once, content_key
from hack.embedded.parts.go import find_toolchain

_SOURCE: Final = REPOSITORY / "hack" / "etcdutl"
_PACKAGE: Final = "go.etcd.io/etcd/etcdutl/v3"


def find_etcdutl(cache: Path, logs: Path) -> Path:
    """The program, built once per machine (about a minute). Raises PlatformError with the compiler's last lines."""
    go = find_toolchain(cache, logs)
    key = content_key([_SOURCE / "go.mod", _SOURCE / "go.sum", go.version])

    def build(folder: Path) -> None:
        program = folder / "etcdutl"
        arguments = ["build", "-trimpath", "-ldflags", "-s -w", "-o", str(program), _PACKAGE]
        go.build(arguments, log=logs / "build-etcdutl.log", cwd=_SOURCE, bin_folder=folder)

    return build_once(cache / f"etcdutl-{key}", build) / "etcdutl"
