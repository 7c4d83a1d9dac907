"""What the operator is told by its environment, read once at start."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token and the cluster's CA."""
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """The environment does not say what the operator needs; the text names every variable at fault."""


@dataclass(frozen=True, slots=True)
class Bind:
    """A local address to listen on."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two installations."""

    namespace: str
    """SKALD_NAMESPACE: whose sagas are run. One operator and one broker vhost per namespace."""
    amqp_url: str
    """SKALD_AMQP_URL, or SKALD_AMQP_URL_FILE with the path of a file that holds it: broker, user and vhost."""
    metrics_bind: Bind
    """SKALD_METRICS_BIND: where /metrics, /livez and /readyz are served."""
    kubernetes_url: str
    """SKALD_KUBERNETES_URL; default: the cluster's own."""
    kubernetes_token_file: Path
    """SKALD_KUBERNETES_TOKEN_FILE; read again when it changes. Default: the service account's."""
    kubernetes_ca_file: Path
    """SKALD_KUBERNETES_CA_FILE. Default: the service account's."""
    log_level: str
    """SKALD_LOG_LEVEL; default INFO."""
    trace_endpoint: str | None
    """OTEL_EXPORTER_OTLP_ENDPOINT; no traces without it."""

    @property
    def identity(self) -> str:
        """Who holds the Lease: no two operators at once, and the same after a restart of the pod's container."""
        return f"{socket.gethostname()}:{self.metrics_bind.port}"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises SettingsError."""
    reader = _Reader(os.environ if environment is None else environment)
    settings = Settings(
        namespace=reader.required("SKALD_NAMESPACE", "the namespace whose sagas to run, such as shop"),
        amqp_url=reader.amqp_url("SKALD_AMQP_URL"),
        metrics_bind=reader.bind("SKALD_METRICS_BIND", "0.0.0.0:9090"),
        kubernetes_url=reader.text("SKALD_KUBERNETES_URL", "https://kubernetes.default.svc").rstrip("/"),
        kubernetes_token_file=Path(reader.text("SKALD_KUBERNETES_TOKEN_FILE", str(SERVICE_ACCOUNT / "token"))),
        kubernetes_ca_file=Path(reader.text("SKALD_KUBERNETES_CA_FILE", str(SERVICE_ACCOUNT / "ca.crt"))),
        log_level=reader.one_of("SKALD_LOG_LEVEL", LEVELS, "INFO"),
        trace_endpoint=reader.text("OTEL_EXPORTER_OTLP_ENDPOINT", "") or None,
    )
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return settings


class _Reader:
    """Collects every problem, so that a person mends them in one go."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def required(self, name: str, what: str) -> str:
        value = self.text(name, "")
        if not value:
            self.problems.append(f"{name} is not set: it must be {what}")
        return value

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default).upper()
        if value not in choices:
            self.problems.append(f"{name} is {value!r}: it must be one of {', '.join(choices)}")
        return value

    def bind(self, name: str, default: str) -> Bind:
        value = self.text(name, default)
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            self.problems.append(f"{name} is {value!r}: it must be HOST:PORT, such as 127.0.0.1:9090")
            return Bind("", 0)
        return Bind(host, int(port))

    def amqp_url(self, name: str) -> str:
        value = self._secret(name)
        if not value:
            self.problems.append(f"{name} (or {name}_FILE) is not set: it must be amqp://USER:PASSWORD@HOST:PORT/VHOST")
        elif urlsplit(value).scheme not in ("amqp", "amqps"):
            # The value holds a password, so it is not shown.
            self.problems.append(f"{name} has no scheme amqp:// or amqps://")
        return value

    def _secret(self, name: str) -> str:
        path = self.text(f"{name}_FILE", "")
        if not path:
            return self.text(name, "")
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            self.problems.append(f"{name}_FILE names {path}, which cannot be read: {error.strerror}")
            return "amqp://"
