"""HTTP calls to other services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from skald.clients.policy import Limits, Silent, Target, Transient, Unconnected
from skald.deadline import HEADER, deadline_header
from skald.logging import log_fields
from skald.servicetokens import ServiceToken
from skald.tracing import client_span, outgoing_headers

__all__ = ["Answer", "HttpClient"]

_LATE: Final = 504
_CONNECT: Final = 1.0
"""Seconds to a connection; a target that is up needs far less."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the target said; 5xx and 429 never get here."""

    status: int
    headers: Mapping[str, str]
    json: Any
    """The parsed body, None when it is empty or no JSON."""


class HttpClient:
    """All calls of this process to one other service. Thread-safe; make it once, after a fork."""

    def __init__(
        self, name: str, base_url: str, *, token: ServiceToken | None = None, limits: Limits | None = None
    ) -> None:
        """``name`` is the target's in metrics and errors; ``token`` is shown with every call."""
        limits = limits or Limits()
        self._base = base_url.rstrip("/")
        self._token = token
        self._target: Target[Answer] = Target(name, limits)
        self._pool = urllib3.PoolManager(maxsize=limits.concurrency, retries=False)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 2.0,
        idempotent: bool | None = None,
    ) -> Answer:
        """One call, of at most ``timeout`` seconds in all.

        GET, HEAD, PUT and DELETE are repeated where that may help; ``idempotent`` says otherwise, or says it of a POST.

        Raises Unavailable (503) and DeadlineExceeded (504), which an HTTP handler may let through as they are.
        """
        repeatable = method in {"GET", "HEAD", "PUT", "DELETE"} if idempotent is None else idempotent
        content = None if body is None else json.dumps(body).encode()
        attributes = {"http.request.method": method, "server.address": urlsplit(self._base).hostname or ""}

        def attempt(seconds: float) -> Answer:
            return self._send(method, path, content, self._headers(seconds, headers or {}), seconds)

        with client_span(f"{method} {self._target.name}", attributes):
            return self._target.call(attempt, timeout=timeout, idempotent=repeatable)

    def _headers(self, seconds: float, extra: Mapping[str, str]) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", HEADER: deadline_header(seconds)}
        if request_id := log_fields().get("request_id"):
            headers["X-Request-ID"] = request_id
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.read()}"
        return {**headers, **outgoing_headers(), **extra}

    def _send(self, method: str, path: str, content: bytes | None, headers: dict[str, str], seconds: float) -> Answer:
        timeout = urllib3.Timeout(connect=min(_CONNECT, seconds), total=seconds)
        try:
            response = self._pool.request(method, self._base + path, body=content, headers=headers, timeout=timeout)
        except HTTPError as error:
            raise _meaning_of(error, seconds) from error
        if response.status == _LATE:
            raise Silent("it had no answer in time")
        if response.status >= 500 or response.status == 429:
            raise Transient(f"it answered {response.status}")
        return Answer(response.status, response.headers, _parsed(response.data))


def _meaning_of(error: HTTPError, seconds: float) -> Transient:
    if isinstance(error, ReadTimeoutError):
        return Silent(f"no answer in {seconds:.1f} s")
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return Unconnected(f"no connection in {min(_CONNECT, seconds):.1f} s")
    return Transient(f"no answer ({type(error).__name__})")


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
