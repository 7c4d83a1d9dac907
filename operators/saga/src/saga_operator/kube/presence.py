"""Whether the API server knows the saga API. Without it kopf would start, watch nothing, and never look again."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Final

import orjson

from saga_operator.domain.kinds import API_VERSION
from saga_operator.kube import codec
from saga_operator.kube.client import KubeClient

log = logging.getLogger(__name__)

NEEDED: Final = frozenset({"sagadefinitions", "sagas", "sagadecisions"})
PATIENCE: Final = 60.0
"""Seconds that an API server may take to answer at all."""
PAUSE: Final = 0.5


class NotServed(Exception):
    """The saga API is not there, or not for us; the text says what to do."""


async def require_saga_api(client: KubeClient) -> None:
    """Return when the API server serves every kind that the operator needs. Raises NotServed."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        try:
            answer = await client.get(f"/apis/{API_VERSION}")
        except ConnectionError as error:
            if loop.time() > until:
                raise NotServed(f"the API server does not answer: {error}") from error
            log.warning("the API server does not answer yet: %s", error)
            await asyncio.sleep(PAUSE)
            continue
        if answer.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            _check(answer.body if answer.status == HTTPStatus.OK else b'{"resources":[]}')
            return
        if loop.time() > until:
            raise NotServed(
                f"the API server answers {answer.status} to GET /apis/{API_VERSION}: {codec.reason(answer.body)}"
            )
        await asyncio.sleep(PAUSE)


def _check(body: bytes) -> None:
    served = {resource["name"] for resource in orjson.loads(body)["resources"]}
    missing = sorted(NEEDED - served)
    if missing:
        raise NotServed(
            f"the API server serves no {', '.join(missing)} in {API_VERSION}: apply the CustomResourceDefinitions of"
            " charts/saga-operator/files/crds, then start the operator again"
        )
