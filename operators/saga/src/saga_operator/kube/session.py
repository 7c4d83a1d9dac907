"""kopf's way to the API server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp
import orjson
from aiohttp.connector import Connection

from saga_operator.domain.nesting import shallow
from saga_operator.kube.client import Access, trust


def session_of(access: Access) -> aiohttp.ClientSession:
    """With the token of this moment; inside the event loop. Raises OSError when token or CA file cannot be read."""
    connector = aiohttp.TCPConnector(ssl=trust(str(access.ca_file)), limit=0)
    headers = {"Authorization": f"Bearer {access.token.read()}"}
    return aiohttp.ClientSession(connector=connector, headers=headers, response_class=_Response)


class _Response(aiohttp.ClientResponse):
    """kopf decodes whole lists and every line of a watch, and ends, and with it the operator, where it cannot."""

    async def start(self, connection: Connection) -> Self:
        await super().start(connection)
        self.content: Any = _Lines(self.content)
        return self

    async def json(self, **_: Any) -> Any:
        body = await self.read()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:  # at a thousand levels, whatever the Python
            return orjson.loads(shallow(body))


class _Lines:
    """A stream whose chunks end where a line ends."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        rest = b""
        async for data in self._content.iter_chunked(size):
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                yield b"".join(shallow(line) + b"\n" for line in lines)
        if rest:
            yield rest
