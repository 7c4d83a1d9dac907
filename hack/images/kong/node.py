"""Envoy under the stand-in: its files, its process, its state."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hack.gateway import Tls, command, validate
from hack.images.kong.configuration import (
    ENVOY_ADMIN,
    Configuration,
    bootstrap,
    compile_configuration,
    resources,
)

_DRAIN: Final = 20.0
"""Seconds for connections when it is told to stop: each is closed with its next answer. The chart leaves it 25."""


class Node:
    """One Envoy and the configuration that is in force."""

    def __init__(self, prefix: Path, listen: str, tls: Tls | None) -> None:
        self._folder = prefix
        self._listen = listen
        self._tls = tls
        self._lock = threading.Lock()
        self._configuration: Configuration | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def hash(self) -> str:
        """Of what is in force; zeros before anything is."""
        return self._configuration.hash if self._configuration else "0" * 32

    @property
    def key_set(self) -> Any:
        """For Envoy."""
        return self._configuration.key_set if self._configuration else {"keys": []}

    def configure(self, text: str) -> str:
        """Put a configuration in force; returns its hash. Raises GatewayError when it is bad: the old one stays."""
        with self._lock:
            configuration = compile_configuration(text, self._listen, self._tls)
            self._write("candidate.json", json.dumps(configuration.static))
            validate(self._folder / "candidate.json")
            self._configuration = configuration
            # Envoy takes both up as they are moved to their names; clusters first, because listeners name them
            for name, content in sorted(resources(configuration.static).items()):
                self._write(name, content)
        return configuration.hash

    def start(self) -> None:
        """Start Envoy with what is in force."""
        assert self._configuration, "configure first"
        self._write("envoy.json", json.dumps(bootstrap(str(self._folder), self._configuration.static)))
        self._process = subprocess.Popen(command(self._folder / "envoy.json"))

    def wait(self) -> int:
        """Envoy's exit status, when it ends."""
        assert self._process, "start first"
        return self._process.wait()

    def ready(self) -> bool:
        """Whether Envoy takes requests."""
        try:
            return _ask("GET", "/ready").strip() == "LIVE"
        except OSError:
            return False

    def metrics(self) -> str:
        """Envoy's, for Prometheus. Raises OSError while it does not answer."""
        return _ask("GET", "/stats/prometheus")

    def stop(self) -> None:
        """Take no more connections, let clients finish with those that there are, end Envoy."""
        assert self._process, "start first"
        # one that does not answer is told to end all the same
        with suppress(OSError):
            _ask("POST", "/drain_listeners?graceful")
            deadline = time.monotonic() + _DRAIN
            while _connected() and time.monotonic() < deadline:
                time.sleep(0.1)
        self._process.send_signal(signal.SIGTERM)

    def _write(self, name: str, content: str) -> None:
        """In one step, and only what is new: Envoy drains a listener that changes."""
        path = self._folder / name
        if path.exists() and path.read_text() == content:
            return
        fresh = path.with_name(f".{name}")
        fresh.write_text(content)
        fresh.replace(path)


def _connected() -> bool:
    """Whether clients are connected."""
    lines = _ask("GET", "/stats?filter=gateway.downstream_cx_active").splitlines()
    return any(int(line.split(":")[1]) for line in lines)


def _ask(method: str, path: str) -> str:
    request = urllib.request.Request(f"http://{ENVOY_ADMIN}{path}", method=method)
    with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
        return str(answer.read().decode())
