"""A gateway with everything around it. The suite knows only what ``Rig`` shows: another one can stand in for Envoy."""

from __future__ import annotations

import copy
import http.client
import json
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from skald.testing.waiting import eventually

from hack.gateway import Adapter, command, compile_gateway
from tests.gateway.tokens import Key, key_set
from tests.gateway.upstream import Upstream

FILE = Path("gateway-config/kong.yaml")
KEYS = "/.well-known/jwks.json"
TIMEOUT = 1.0
"""Seconds that the shipping service may take in these tests; in the file it is longer."""
LIMIT = 500
"""Requests a minute per caller in these tests; in the file it is more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __getitem__(self, header: str) -> str | None:
        return self.headers.get(header.lower())


def document() -> dict[str, Any]:
    """The file, with one timeout and one limit that a test can wait for."""
    file = copy.deepcopy(yaml.safe_load(FILE.read_text()))
    for service in file["services"]:
        if service["name"] == "shipping":
            service["read_timeout"] = service["write_timeout"] = int(TIMEOUT * 1000)
    for plugin in file["plugins"]:
        if plugin["name"] == "rate-limiting":
            plugin["config"]["minute"] = LIMIT
    return dict(file)


class Rig:
    """Envoy in front of echoing services: one target each, and two for orders."""

    def __init__(self, folder: Path) -> None:
        file = document()
        names = [upstream["name"] for upstream in file["upstreams"]]
        self.upstreams = {name: [Upstream() for _ in range(2 if name == "orders-web" else 1)] for name in names}
        self.key = Key()
        self.publish(self.key)
        (identity,) = self.upstreams["identity-web"]
        self.port, self.admin_port = _free_port(), _free_port()
        adapter = Adapter(
            upstreams={name: [target.address for target in targets] for name, targets in self.upstreams.items()},
            jwks_uri=f"http://{identity.address}{KEYS}",
            listen=f"127.0.0.1:{self.port}",
            admin=f"127.0.0.1:{self.admin_port}",
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

    def target(self, service: str) -> Upstream:
        return self.upstreams[f"{service}-web"][0]

    def publish(self, *keys: Key) -> None:
        """What identity's key set holds from now on; the gateway learns of it within seconds."""
        self.target("identity").documents[KEYS] = key_set(*keys)

    def log_lines(self) -> list[dict[str, Any]]:
        """The access log so far."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        source: str = "127.0.0.1",
    ) -> Answer:
        """One request on a connection of its own. The path goes out as it is; ``source`` is the client's address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))
        authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            # A gateway may answer and close while the body is still on its way.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers=authorization | dict(headers or {}))
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
