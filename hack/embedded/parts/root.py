"""The private Debian root that broker and database run in; nothing of the host is replaced."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import run_tool

SUITE: Final = "sid"
"""The only suite with DocumentDB and RabbitMQ 4.3. Good for a development stand-in, not for production."""

PACKAGES: Final = ("rabbitmq-server", "postgresql-18", "postgresql-18-documentdb", "ca-certificates", "tini")

PROVEN: Final = {"rabbitmq-server": "4.3.", "postgresql-18": "18.", "postgresql-18-documentdb": "1.0-"}
"""Versions that Skald was run with, by how they begin. The suite moves; a change here needs the tests."""

OPTIONS: Final = (
    "--variant=minbase",
    # its index may be some days past its date; signatures are still checked, and it is for this root only
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Install-Recommends "false"',
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    f"--include={','.join(PACKAGES)}",
)

_ENTER: Final = Path(__file__).with_name("enter-root.sh")
_SEARCH_PATH: Final = "/usr/lib/postgresql/18/bin:/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class DebianRoot:
    """A built root. It is mounted read-only; a program writes to its own state folder alone."""

    path: Path

    def command(
        self, user: str, state: Path, argv: Sequence[str], env: Mapping[str, str] | None = None
    ) -> tuple[str, ...]:
        """What to execute to run ``argv`` in the root as ``user``, with ``state`` as ``/inst``."""
        variables = {"PATH": _SEARCH_PATH, "LANG": "C.UTF-8", "HOME": "/inst", **(env or {})}
        settings = (f"{name}={value}" for name, value in variables.items())
        return (str(_ENTER), str(self.path), f"{user}:{user}", str(state), *settings, *argv)

    def uid(self, user: str) -> int:
        """The number of one of the root's users."""
        for line in (self.path / "etc" / "passwd").read_text().splitlines():
            name, _, number, *_ = line.split(":")
            if name == user:
                return int(number)
        raise PlatformError(
            f"the private root has no user {user!r}", f"remove {self.path.parent}; the next start builds it again"
        )


def root_ingredients() -> list[str | Path]:
    """What decides how the root comes out, but for the day it is built on."""
    return [SUITE, *OPTIONS]


def build_root(folder: Path, logs: Path) -> None:
    """``root``, and ``packages.txt`` with its versions. Raises PlatformError when Skald was not run with such a one."""
    root = folder / "root"
    run_tool(["mmdebstrap", *OPTIONS, SUITE, root], log=logs / "build-root.log")
    (root / "inst").mkdir()
    packages = folder / "packages.txt"
    query = [
        "dpkg-query",
        f"--admindir={root / 'var' / 'lib' / 'dpkg'}",
        "--show",
        "--showformat=${Package} ${Version}\\n",
    ]
    run_tool(query, log=packages)
    refuse_unproven(dict(line.split(" ", 1) for line in packages.read_text().splitlines()))


def refuse_unproven(installed: Mapping[str, str]) -> None:
    """Raise PlatformError naming every package whose version begins otherwise than the proven ones."""
    differences = [
        f"{package} is {installed.get(package, 'absent')}, proven is {begin}*"
        for package, begin in PROVEN.items()
        if not installed.get(package, "").startswith(begin)
    ]
    if differences:
        raise PlatformError(
            f"Debian {SUITE} has moved on: {'; '.join(differences)}",
            "run the tests with it, then change PROVEN in hack/embedded/parts/root.py",
        )


def get_mmdebstrap(logs: Path) -> None:
    """Install mmdebstrap by apt when it is not there. Raises PlatformError where that does not work."""
    if not shutil.which("mmdebstrap"):
        install_packages(["mmdebstrap", "debian-archive-keyring"], logs)


def install_packages(packages: Sequence[str], logs: Path) -> None:
    """Install Debian packages on this machine. Raises PlatformError where that does not work."""
    if not shutil.which("apt-get"):
        raise PlatformError(
            f"{packages[0]} is missing and there is no apt-get to install it",
            "use Debian or Ubuntu, or run Skald in a cluster: docs/chart.md",
        )
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    run_tool(["apt-get", "update"], log=logs / "apt.log", env=environment)
    run_tool(
        ["apt-get", "install", "--yes", "--no-install-recommends", *packages],
        log=logs / "apt.log",
        env=environment,
        attempts=3,
    )
