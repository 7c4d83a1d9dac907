"""Envoy on this machine, with the gateway file compiled for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
from skald.testing.ports import free_port
from skald.testing.waiting import eventually

from hack.gateway import Adapter, Tls, command, compile_gateway
from tests.gateway.certificate import Certificate
from tests.gateway.rig import KEYS, Rig
from tests.gateway.upstream import Upstream


class EnvoyRig(Rig):
    """Started with a gateway file; by HTTPS where it is given a certificate."""

    def __init__(self, folder: Path, file: Mapping[str, Any], certificate: Certificate | None = None) -> None:
        names = [upstream["name"] for upstream in file["upstreams"]]
        upstreams = {name: [Upstream() for _ in range(2 if name == "orders-web" else 1)] for name in names}
        self.plain_port, self.admin_port = free_port(), free_port()
        tls = _tls(folder, certificate) if certificate else None
        port = int(tls.listen.rpartition(":")[2]) if tls else self.plain_port
        super().__init__(upstreams, port, certificate.trust if certificate else None)
        adapter = Adapter(
            upstreams={name: [target.address for target in targets] for name, targets in upstreams.items()},
            jwks_uri=f"http://{self.target('identity').address}{KEYS}",
            listen=f"127.0.0.1:{self.plain_port}",
            admin=f"127.0.0.1:{self.admin_port}",
            tls=tls,
            jwks_refresh_seconds=1,
        )
        config = folder / "envoy.json"
        config.write_text(json.dumps(compile_gateway(file, adapter)))
        self._log = folder / "gateway.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command(config), stdout=log, stderr=subprocess.STDOUT)
        eventually(f"Envoy is ready (its log is {self._log})", self._ready)

    def _ready(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        with suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{self.admin_port}/ready", timeout=2).status_code == 200
        return False

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        for targets in self.upstreams.values():
            for target in targets:
                target.stop()

    def log_lines(self) -> list[dict[str, Any]]:
        lines = self._log.read_text().rpartition("\n")[0].splitlines()  # the last may be half written
        return [json.loads(line) for line in lines if line.startswith("{")]


def _tls(folder: Path, certificate: Certificate) -> Tls:
    cert, key = folder / "tls.crt", folder / "tls.key"
    cert.write_text(certificate.pem)
    key.write_text(certificate.key)
    return Tls(f"127.0.0.1:{free_port()}", str(cert), str(key))
