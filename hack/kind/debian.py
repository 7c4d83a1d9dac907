"""Debian roots that images and the docker daemon are made from; nothing of them is installed on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.parts.cache import run_tool
from hack.embedded.parts.root import get_mmdebstrap

SUITE: Final = "trixie"
"""Debian's stable release. Later ones have a systemd without cgroup v1, which some machines still need."""

_OPTIONS: Final = (
    '--aptopt=APT::Install-Recommends "false"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
)


@dataclass(frozen=True)
class Root:
    """A recipe for a root."""

    variant: str
    """``minbase``: a system. ``extract``: only the files of these packages and of those that they depend on."""
    packages: Sequence[str]

    @property
    def ingredients(self) -> list[str | Path]:
        """What decides how it comes out, but for the day it is made on."""
        return [SUITE, *self._arguments]

    def build(self, target: Path, log: Path) -> None:
        """Make it, as a folder, or as an archive where ``target`` ends in ``.tar``. Raises PlatformError."""
        get_mmdebstrap(log.parent)
        run_tool(["mmdebstrap", *self._arguments, SUITE, target], log=log)

    @property
    def _arguments(self) -> list[str]:
        return [f"--variant={self.variant}", *_OPTIONS, f"--include={','.join(self.packages)}"]


DOCKER: Final = Root("extract", ("docker.io", "docker-cli", "docker-buildx", "containerd"))
DOCKER_PROGRAMS: Final = (
    "usr/bin/containerd",
    "usr/bin/containerd-shim-runc-v2",
    "usr/bin/docker",
    "usr/bin/tini-static",
    "usr/sbin/docker-proxy",
    "usr/sbin/dockerd",
)
_BUILDX: Final = "usr/libexec/docker/cli-plugins/docker-buildx"

NODE: Final = Root(
    "minbase",
    (
        "busybox-static",
        "ca-certificates",
        "conntrack",
        "containerd",
        "containernetworking-plugins",
        "curl",
        "dbus",
        "e2fsprogs",
        "ebtables",
        "ethtool",
        "ipset",
        "iproute2",
        "iptables",
        "jq",
        "kmod",
        "libseccomp2",
        "mount",
        "nftables",
        "pigz",
        "procps",
        "runc",
        "socat",
        "systemd",
        "systemd-sysv",
        "util-linux",
    ),
)
PACKET_FILTER: Final = Root("extract", ("base-files", "busybox-static", "conntrack", "ipset", "iptables", "nftables"))
"""What kube-proxy calls."""

PYTHON: Final = Root(
    "minbase", ("ca-certificates", "media-types", "python-is-python3", "python3", "python3-venv", "tini", "tzdata")
)
"""The local stand-in of Docker's python image."""


def build_docker(folder: Path, log: Path) -> None:
    """The daemon's programs and its client's, without their root: this machine's libraries do."""
    root = folder / "root"
    DOCKER.build(root, log)
    for program in DOCKER_PROGRAMS:
        shutil.move(root / program, folder / Path(program).name)
    (folder / "tini-static").rename(folder / "docker-init")
    plugins = folder / "config" / "cli-plugins"
    plugins.mkdir(parents=True)
    shutil.move(root / _BUILDX, plugins)
    shutil.rmtree(root)


def build_packet_filter(folder: Path, log: Path) -> None:
    """As an archive, with the links that its packages' scripts would have made."""
    root = folder / "root"
    PACKET_FILTER.build(root, log)
    for family in ("iptables", "ip6tables"):
        for program in ("", "-save", "-restore"):
            (root / "usr" / "sbin" / f"{family}{program}").symlink_to("xtables-nft-multi")
    (root / "usr" / "bin" / "sh").symlink_to("busybox")
    shutil.rmtree(root / "var")
    shutil.rmtree(root / "usr" / "share")
    run_tool(["tar", "--create", "--numeric-owner", "--file", folder / "root.tar", "--directory", root, "."], log=log)
    shutil.rmtree(root)
