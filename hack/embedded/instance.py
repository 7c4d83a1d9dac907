"""One instance of the platform: where its state, logs and links lie, and which ports it has."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.ports import OFFSETS, Ports, ports_for
from hack.embedded.record import read_record

REPOSITORY: Final = Path(__file__).resolve().parents[2]
NAMESPACE: Final = "shop"
"""The Kubernetes namespace, and the broker's vhost, of the shop."""

MARK: Final = "SKALD_PLATFORM"
"""Variable that every process of an instance carries, so that one whose supervisor died can still be found."""


@dataclass(frozen=True)
class Instance:
    """Folders of one instance. ``home`` holds nothing that ``down --wipe`` may not forget, except ``logs``."""

    name: str
    home: Path
    ports: Ports

    @property
    def state(self) -> Path:
        """What the parts remember: data, keys, passwords, tokens."""
        return self.home / "state"

    @property
    def credentials(self) -> Path:
        """Passwords, tokens and keys."""
        return self.state / "credentials"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """What is true only while the platform is up: sockets, pid files, rendered configuration."""
        return self.home / "run"

    @property
    def socket(self) -> Path:
        """The supervisor's. Not in ``run``: a socket's path may have 107 bytes, and a checkout may lie deep."""
        return Path("/run/skald") / f"{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}.sock"

    @property
    def kubeconfig(self) -> Path:
        """For kubectl and other clients: the administrator's way in."""
        return self.home / "kubeconfig"

    @property
    def kubectl(self) -> Path:
        """kubectl, already pointed at this instance."""
        return self.home / "bin" / "kubectl"

    @property
    def ca_file(self) -> Path:
        """The certificate that proves the API server."""
        return self.state / "kubernetes" / "pki" / "apiserver.crt"

    @property
    def kubernetes_url(self) -> str:
        """The API server."""
        return f"https://{self.ports.address('apiserver')}"

    @property
    def gateway_url(self) -> str:
        """The front door, and so the issuer that tokens name."""
        return f"http://{self.ports.address('gateway')}"

    @property
    def jwks_url(self) -> str:
        """Identity's signing keys, asked for without the gateway."""
        return f"http://{self.ports.address('identity-web')}/.well-known/jwks.json"

    def log(self, process: str) -> Path:
        """The process's log file."""
        return self.logs / f"{process}.log"

    def tokens_dir(self, account: str) -> Path:
        """Projected tokens of a service account, one file per audience."""
        return self.state / "tokens" / account

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one command at a time change this instance; the others wait."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def open_instance(name: str, environ: Mapping[str, str] = os.environ) -> Instance:
    """The instance of that name in this checkout.

    One that is up keeps the ports it came up with, whatever the environment says now. Raises PlatformError for a name
    that is none or has no port base, and for bad port overrides.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,20}", name):
        raise PlatformError(f"{name!r} is no name for an instance", "use up to 21 small letters, digits and dashes")
    home = REPOSITORY / ".platform"
    if name != "main":
        home = home / "instances" / name
    instance = Instance(name, home, Ports({}))
    record = read_record(instance.run) if _accepts(instance.socket) else None
    chosen = record.ports if record else {}
    if not OFFSETS.keys() <= chosen.keys():  # not up, or up since before the table got another port
        chosen = {**ports_for(name, environ).numbers, **chosen}
    return replace(instance, ports=Ports(chosen))


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
