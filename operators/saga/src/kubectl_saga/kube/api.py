"""HTTP to the API server, one connection at a time; every failure is a CliError that says what to do."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Generator, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlencode

from saga_operator.domain.nesting import shallow

from kubectl_saga.errors import CliError
from kubectl_saga.kube.access import Access
from kubectl_saga.kube.proxies import parts_of

JSON = Any
MANAGER: Final = "kubectl-saga"
"""Who writes, in ``metadata.managedFields`` and in the audit log."""
_TIMEOUT: Final = 30.0
"""Seconds for a connection, and for each read."""
_PATIENCE: Final = 10
"""Times that a call is made again which the API server had no time for, as client-go does. It answers so too while it
makes ready for a kind that it has just learnt of; nothing was done then."""
_LATER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""How it says that it has no time, with ``Retry-After``."""
_LONGEST_PAUSE: Final = 10
"""Seconds before such a call, whatever the API server asks for."""
_WATCH: Final = 300
"""Seconds after which the server ends a watch, so that a dead connection is noticed."""


class ApiError(CliError):
    """The API server refused; the message is its own sentence."""

    def __init__(self, status: int, message: str, advice: str | None = None) -> None:
        super().__init__(message, advice)
        self.status = status


class NoAnswer(CliError):
    """The API server did not answer, or not so that anybody could read it."""


class Api:
    """Calls the API server as a kubeconfig says."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = "application/json") -> JSON:
        """GET. Raises ApiError, or CliError when there is no answer."""
        return self._call("GET", path, query, {"Accept": accept})

    def create(self, path: str, body: Mapping[str, JSON]) -> JSON:
        """POST. Raises as ``get`` does."""
        return self._call("POST", path, {"fieldManager": MANAGER}, {"Content-Type": "application/json"}, body)

    def patch(self, path: str, body: Mapping[str, JSON]) -> JSON:
        """PATCH with RFC 7386 semantics. Raises as ``get`` does."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._call("PATCH", path, {"fieldManager": MANAGER}, headers, body)

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[JSON]:
        """The server's watch events, until it ends the stream. Raises as ``get`` does."""
        wanted = {**query, "watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH)}
        response = self._send("GET", path, wanted, {"Accept": "application/json"})
        try:
            if self._connection is not None and self._connection.sock is not None:
                self._connection.sock.settimeout(_WATCH + _TIMEOUT)
            while line := response.readline():
                yield json.loads(shallow(line))
        except (http.client.HTTPException, OSError, ValueError):
            return  # a stream that breaks off has ended; whoever watches opens another
        finally:
            self.close()

    def lines(self, path: str, query: Mapping[str, str]) -> Generator[bytes]:
        """A text line by line, for as long as somebody asks for the next one. Raises as ``get`` does."""
        # As kubectl asks: a refusal comes as JSON then, and what is no JSON comes too.
        response = self._send("GET", path, query, {"Accept": "application/json, */*"})
        try:
            while line := response.readline():
                yield line
        except (http.client.HTTPException, OSError) as error:
            raise CliError(f"the API server's answer broke off: {str(error) or type(error).__name__}") from None
        finally:
            if not response.isclosed():  # the rest of the answer would be taken for the next one
                self.close()

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: Mapping[str, JSON] | None = None,
    ) -> JSON:
        response = self._send(method, path, query or {}, headers, body)
        try:
            return json.loads(shallow(response.read()))
        except (http.client.HTTPException, OSError, ValueError) as error:
            self.close()
            raise NoAnswer(f"{method} {self.access.url}{path}: the answer cannot be read: {error}") from None

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Mapping[str, JSON] | None = None,
    ) -> http.client.HTTPResponse:
        response = self._try(method, path, query, headers, body)
        for _ in range(_PATIENCE):
            after = response.getheader("Retry-After", "")
            if response.status not in _LATER or not after.isdecimal():
                break
            self.close()  # rather than reading the rest, which may break off: it may be about to stop
            time.sleep(min(int(after), _LONGEST_PAUSE))
            response = self._try(method, path, query, headers, body)
        if response.status == HTTPStatus.UNAUTHORIZED and self.access.user.plugin is not None:
            self.access.user.plugin.forget()
            self.close()
            response = self._try(method, path, query, headers, body)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise self._refusal(response)
        return response

    def _try(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Mapping[str, JSON] | None,
    ) -> http.client.HTTPResponse:
        target = parts_of(self.access.url).path + path + (f"?{urlencode(query)}" if query else "")
        payload = None if body is None else json.dumps(body).encode()
        # before the request is begun: a connection with half a request on it is of no use to the next call
        sent = [*headers.items(), *self.access.headers(), ("User-Agent", MANAGER)]
        try:
            connection = self._connection = self._connection or self._connect()
            connection.putrequest(method, target)
            for name, value in sent:
                connection.putheader(name, value)
            if payload is not None:
                connection.putheader("Content-Length", str(len(payload)))
            connection.endheaders(payload)
            return connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise self._unreachable(error) from None

    def _connect(self) -> http.client.HTTPConnection:
        server, through = parts_of(self.access.url), self.access.authority.proxy
        proxy = parts_of(through) if through else None
        if server.hostname is None or server.scheme not in ("http", "https"):
            raise CliError(f"{self.access.source}: its server {self.access.url!r} is no URL")
        if proxy is not None and (proxy.scheme != "http" or proxy.hostname is None):
            raise self._no_way_through(str(through))
        host, port = server.hostname, server.port or (443 if server.scheme == "https" else 80)
        at_host, at_port = (host, port) if proxy is None else (str(proxy.hostname), proxy.port or 80)
        connection = (
            _Tls(at_host, at_port, self.access.tls(), self.access.authority.server_name or host)
            if server.scheme == "https"
            else http.client.HTTPConnection(at_host, at_port, timeout=_TIMEOUT)
        )
        if proxy is not None:
            connection.set_tunnel(host, port, _proxy_headers(proxy.username, proxy.password))
        return connection

    def _no_way_through(self, proxy: str) -> CliError:
        """To say a password to it in plain text would be worse than not to go."""
        scheme, mark, rest = proxy.rpartition("://")
        return CliError(
            f"{self.access.source}: the proxy {scheme}{mark}{rest.rpartition('@')[2]} on the way to {self.access.url} "
            "is not http://",
            "Name one that is, as proxy-url of the cluster or in the variable HTTPS_PROXY, or none for it in NO_PROXY.",
        )

    def _unreachable(self, error: Exception) -> NoAnswer:
        why = str(error) or type(error).__name__
        return NoAnswer(
            f"the API server {self.access.url} does not answer: {why}",
            f"The address comes from {self.access.source}.",
        )

    def _refusal(self, response: http.client.HTTPResponse) -> ApiError:
        message = _sentence(response)
        advice = None
        if response.status == HTTPStatus.UNAUTHORIZED:
            message = f"the API server {self.access.url} does not know you: {message}"
            advice = f"Renew the credentials of {self.access.source}."
        elif response.status == HTTPStatus.FORBIDDEN and "cannot" in message:
            advice = "Ask the cluster's administrator for a role such as saga-viewer, saga-editor or saga-decider."
        return ApiError(response.status, message, advice)


class _Tls(http.client.HTTPSConnection):
    """Checks the certificate against the name that the kubeconfig gives, which need not be the URL's."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, server_name: str) -> None:
        super().__init__(host, port, timeout=_TIMEOUT, context=context)
        self._trust = context
        self._server_name = server_name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._trust.wrap_socket(self.sock, server_hostname=self._server_name)


def _proxy_headers(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    secret = base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {secret}"}


def _sentence(response: http.client.HTTPResponse) -> str:
    try:
        body = response.read()
    except (http.client.HTTPException, OSError):  # it stops while it refuses
        body = b""
    try:
        document = json.loads(body)
        return str(document["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace").strip() or f"{response.status} {response.reason}"
