"""Long lists, a page at a time, so that neither side ever holds one whole answer of megabytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from saga_operator.domain.kinds import Saga
from saga_operator.kube import codec
from saga_operator.kube.client import KubeClient

SIZE: Final = 500
"""Sagas per page."""


async def pages(client: KubeClient, collection: str, selector: str) -> AsyncIterator[list[Saga]]:
    """The sagas under a path that a field selector selects. Raises ConnectionError, also for a list gone stale."""
    token = ""
    while True:
        path = f"{collection}?limit={SIZE}&fieldSelector={quoted(selector)}&continue={token}"
        answer = await client.get(path)
        if answer.status != HTTPStatus.OK:
            raise ConnectionError(f"a list of sagas: {answer.status}: {codec.reason(answer.body)}")
        sagas, token = codec.decode_page(answer.body)
        yield sagas
        if not token:
            return


def quoted(selector: str) -> str:
    """A field selector as part of a URL."""
    return selector.replace("!", "%21").replace("=", "%3D").replace(",", "%2C")
