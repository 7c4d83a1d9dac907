"""Ways to see that a process does its work, without a client library for each."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from hack.embedded.processes.model import Probe

_PATIENCE = 2.0
"""Seconds that one look may take."""


def answers(url: str, *, headers: Mapping[str, str] | None = None, ca_file: Path | None = None) -> Probe:
    """A probe that asks a URL and is content with 200."""

    def look() -> bool:
        try:
            trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
            request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - our own loopback
            with urllib.request.urlopen(request, timeout=_PATIENCE, context=trust) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, ValueError, http.client.HTTPException):
            return False

    return look


def listens(port: int) -> Probe:
    """A probe that connects."""

    def look() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE):
                return True
        except OSError:
            return False

    return look


def all_of(*probes: Probe) -> Probe:
    """A probe that is content when all of these are."""
    return lambda: all(probe() for probe in probes)
