"""Credentials from a command, as cloud providers hand them out (client.authentication.k8s.io)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubectl_saga.errors import CliError

JSON = Any


@dataclass(frozen=True, slots=True)
class Credential:
    """What the command gave. Certificate and key are PEM."""

    token: str | None
    certificate: str | None
    key: str | None


class ExecPlugin:
    """Runs the command when a credential is first needed, and again after ``forget``."""

    def __init__(self, config: Mapping[str, JSON], cluster: Mapping[str, JSON], folder: Path) -> None:
        self._config = config
        self._cluster = cluster
        self._folder = folder
        self._credential: Credential | None = None

    def credential(self) -> Credential:
        """The credential. Raises CliError."""
        if self._credential is None:
            self._credential = self._ask()
        return self._credential

    def forget(self) -> None:
        """The server no longer takes it."""
        self._credential = None

    def _ask(self) -> Credential:
        command = str(self._config.get("command") or "")
        if "/" in command:
            command = str(self._folder / command)
        try:
            done = subprocess.run(  # noqa: S603 - the user's own kubeconfig names it
                [command, *(self._config.get("args") or ())],
                env={**os.environ, **self._environment()},
                stdin=None if self._interactive() else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                check=False,
            )
        except OSError as error:
            raise CliError(f"the credential plugin {command} cannot be run: {error.strerror}", self._hint()) from None
        if done.returncode != 0:
            raise CliError(f"the credential plugin {command} ended with status {done.returncode}", self._hint())
        return _read(command, done.stdout)

    def _environment(self) -> dict[str, str]:
        given = {str(each["name"]): str(each["value"]) for each in self._config.get("env") or ()}
        spec: dict[str, JSON] = {"interactive": self._interactive()}
        if self._config.get("provideClusterInfo"):
            fields = (
                "server",
                "tls-server-name",
                "insecure-skip-tls-verify",
                "certificate-authority-data",
                "proxy-url",
            )
            spec["cluster"] = {field: self._cluster[field] for field in fields if field in self._cluster}
        info = {"apiVersion": self._config.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
        return given | {"KUBERNETES_EXEC_INFO": json.dumps(info)}

    def _interactive(self) -> bool:
        return self._config.get("interactiveMode") != "Never" and sys.stdin.isatty()

    def _hint(self) -> str | None:
        return self._config.get("installHint")


def _read(command: str, output: bytes) -> Credential:
    try:
        status = json.loads(output)["status"]
        credential = Credential(status.get("token"), status.get("clientCertificateData"), status.get("clientKeyData"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CliError(f"the credential plugin {command} printed no ExecCredential with a status") from None
    return credential
