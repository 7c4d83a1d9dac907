"""The two that this program talks to: the issuer, and the Kong node beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from gateway_keys.config import BadInput

__all__ = ["Issuer", "Node", "Unreachable"]

_TIMEOUT: Final = urllib3.Timeout(connect=2.0, read=5.0)


class Unreachable(Exception):
    """Nobody answered, or not as agreed."""


@dataclass(frozen=True)
class Issuer:
    """Who publishes the keys."""

    http: urllib3.PoolManager
    jwks_url: str

    def key_set(self) -> Any:
        """The key set as it is published now. Raises Unreachable."""
        return _json(_ask(self.http, "GET", self.jwks_url), self.jwks_url)


@dataclass(frozen=True)
class Node:
    """Kong's admin API, which only its own pod reaches."""

    http: urllib3.PoolManager
    admin: str

    def configuration(self) -> str:
        """The hash of what is in force; a node that started anew has another one. Raises Unreachable."""
        url = f"{self.admin}/status"
        return str(_json(_ask(self.http, "GET", url), url)["configuration_hash"])

    def configure(self, config: str) -> str:
        """Replace the configuration; returns its hash.

        Raises BadInput when the node refuses it, in which case the old one stays in force, and Unreachable.
        """
        answer = _ask(self.http, "POST", f"{self.admin}/config", json={"config": config})
        if answer.status == 400:
            raise BadInput(f"the node refuses the configuration: {answer.data.decode(errors='replace')[:500]}")
        if answer.status != 201:
            raise Unreachable(f"POST {self.admin}/config answered {answer.status}")
        return self.configuration()


def _ask(http: urllib3.PoolManager, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
    try:
        return http.request(method, url, timeout=_TIMEOUT, retries=False, **options)
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{method} {url}: {error}") from error


def _json(answer: urllib3.BaseHTTPResponse, url: str) -> Any:
    if answer.status != 200:
        raise Unreachable(f"GET {url} answered {answer.status}")
    try:
        return json.loads(answer.data)
    except ValueError as error:
        raise Unreachable(f"GET {url} answered no JSON") from error
