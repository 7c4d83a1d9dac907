"""A gateway with everything around it, as the suite sees it: which gateway it is, is not the suite's concern."""

from __future__ import annotations

import copy
import http.client
import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.gateway.tokens import Key, key_set
from tests.gateway.upstream import Behaviour, Seen

FILE = Path("gateway-config/kong.yaml")
KEYS = "/.well-known/jwks.json"
TIMEOUT = 1.0
"""Seconds that the shipping service may take in these tests; in the file it is longer."""
LIMIT = 500
"""Requests a minute per caller, at most, in these tests; in the file it is more."""


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


class Target(Protocol):
    """A service behind the gateway, in this process or elsewhere: see ``upstream.Upstream``."""

    behaviour: Behaviour

    @property
    def address(self) -> str: ...
    def serve(self, path: str, document: Any) -> None: ...
    def seen(self, path: str | None = None) -> list[Seen]: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def document() -> dict[str, Any]:
    """The file, with one timeout and limits that a test can wait for."""
    file = copy.deepcopy(yaml.safe_load(FILE.read_text()))
    for service in file["services"]:
        if service["name"] == "shipping":
            service["read_timeout"] = service["write_timeout"] = int(TIMEOUT * 1000)
    routes = [route for service in file["services"] for route in service["routes"]]
    for plugin in [plugin for owner in [file, *routes] for plugin in owner.get("plugins", [])]:
        if plugin["name"] == "rate-limiting":
            plugin["config"]["minute"] = min(plugin["config"]["minute"], LIMIT)
    return dict(file)


def connect(port: int, trust: ssl.SSLContext | None, source: str) -> http.client.HTTPConnection:
    where: dict[str, Any] = {"host": "127.0.0.1", "port": port, "timeout": 20, "source_address": (source, 0)}
    return http.client.HTTPSConnection(**where, context=trust) if trust else http.client.HTTPConnection(**where)


class Rig(ABC):
    """One gateway in front of echoing services: one target each, and two for orders."""

    def __init__(
        self, upstreams: Mapping[str, Sequence[Target]], port: int, trust: ssl.SSLContext | None = None
    ) -> None:
        """``port`` of 127.0.0.1; with ``trust`` it is asked by HTTPS."""
        self.upstreams = upstreams
        self.port = port
        self._trust = trust
        self.key = Key()
        self.publish(self.key)

    @abstractmethod
    def log_lines(self) -> list[dict[str, Any]]:
        """The access log so far."""

    def target(self, service: str) -> Target:
        return self.upstreams[f"{service}-web"][0]

    def publish(self, *keys: Key) -> None:
        """What identity's key set holds from now on; the gateway learns of it within seconds."""
        self.target("identity").serve(KEYS, key_set(*keys))

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
        authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
        with closing(connect(self.port, self._trust, source)) as connection:
            # A gateway may answer and close while the body is still on its way.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers=authorization | dict(headers or {}))
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
