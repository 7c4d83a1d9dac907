"""HTTP to the API server: one bounded session, the token read again when its file changes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

CONNECTIONS: Final = 32
"""At once. More only moves the queue from here into the API server."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=10, sock_connect=3)
MERGE_PATCH: Final = "application/merge-patch+json"


class TokenFile:
    """A bearer token that somebody else renews (projected tokens live an hour)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = -1
        self._token = ""

    def read(self) -> str:
        """The token as it is now. Raises OSError when there is none."""
        changed = self._path.stat().st_mtime_ns
        if changed != self._seen:
            self._token = self._path.read_text().strip()
            self._seen = changed
        return self._token


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API server is, and how to be let in."""

    url: str
    token: TokenFile
    ca_file: Path


def trust(ca_file: str) -> ssl.SSLContext:
    """Trusts the cluster's own authority. Raises OSError when its file cannot be read."""
    context = ssl.create_default_context(cafile=ca_file)
    # Since Python 3.13 this is on: it refuses authorities without key identifiers, which Kubernetes' own clients take
    # and many clusters have. The chain, the name and the dates are checked all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said."""

    status: int
    body: bytes


class KubeClient:
    """Calls the API server. Every failure to get an answer is a ConnectionError that says which call it was."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the session; inside the event loop. Raises OSError when the CA file cannot be read."""
        context = trust(str(self._access.ca_file))
        connector = aiohttp.TCPConnector(ssl=context, limit=CONNECTIONS, ttl_dns_cache=60)
        # The API server records the agent as the writer of each field, for people and for the audit log.
        headers = {"Accept": "application/json", "User-Agent": "saga-operator"}
        self._session = aiohttp.ClientSession(connector=connector, timeout=TIMEOUT, headers=headers)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, *, accept: str | None = None) -> Answer:
        """GET ``path`` (with its query, already encoded). Raises ConnectionError."""
        return await self._call("GET", path, None, {} if accept is None else {"Accept": accept})

    async def post(self, path: str, body: bytes) -> Answer:
        """POST JSON. Raises ConnectionError."""
        return await self._call("POST", path, body, {"Content-Type": "application/json"})

    async def put(self, path: str, body: bytes) -> Answer:
        """PUT JSON. Raises ConnectionError."""
        return await self._call("PUT", path, body, {"Content-Type": "application/json"})

    async def delete(self, path: str, body: bytes) -> Answer:
        """DELETE with DeleteOptions. Raises ConnectionError."""
        return await self._call("DELETE", path, body, {"Content-Type": "application/json"})

    async def merge_patch(self, path: str, body: bytes) -> Answer:
        """PATCH with RFC 7386 semantics. Raises ConnectionError."""
        return await self._call("PATCH", path, body, {"Content-Type": MERGE_PATCH})

    async def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if self._session is None:
            raise ConnectionError(f"{method} {path}: the client is not open")
        url = URL(self._access.url + path, encoded=True)
        try:
            headers["Authorization"] = f"Bearer {self._access.token.read()}"
            async with self._session.request(method, url, data=body, headers=headers) as response:
                return Answer(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectionError(f"{method} {path}: {str(error) or type(error).__name__}") from error
