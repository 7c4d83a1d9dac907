"""What ``watch`` and ``start --wait`` follow: interruptions are bridged, and nothing is told wrongly by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any, cast

import pytest
from kubectl_saga.kube import sagas as module
from kubectl_saga.kube.api import Api, ApiError
from kubectl_saga.kube.sagas import Sagas

JSON = dict[str, Any]


def saga(version: str) -> JSON:
    return {"metadata": {"name": "order-1", "resourceVersion": version}}


class Server:
    """Lists one saga at version 1; each watch answers with the next of the script."""

    def __init__(self, *script: HTTPStatus | JSON) -> None:
        self._script = list(script)
        self.lists = 0
        self.versions: list[str] = []

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = "") -> JSON:
        self.lists += 1
        return {"items": [saga("1")], "metadata": {"resourceVersion": "1"}}

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[JSON]:
        self.versions.append(query["resourceVersion"])
        answer = self._script.pop(0)
        if isinstance(answer, HTTPStatus):
            raise ApiError(answer, answer.phrase)
        yield answer


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(module.time, "sleep", seconds.append)
    return seconds


def seen(server: Server, number: int) -> list[tuple[str, str]]:
    told = islice(Sagas(cast("Api", server), "shop").follow(), number)
    return [(kind, item["metadata"]["resourceVersion"]) for kind, item in told]


def test_a_busy_api_server_is_asked_again_for_what_came_since(slept: list[float]) -> None:
    server = Server(HTTPStatus.TOO_MANY_REQUESTS, {"type": "MODIFIED", "object": saga("2")})
    assert seen(server, 2) == [("ADDED", "1"), ("MODIFIED", "2")]
    assert (server.lists, server.versions, slept) == (1, ["1", "1"], [1.0])


def test_a_version_that_is_gone_is_listed_anew(slept: list[float]) -> None:
    server = Server(HTTPStatus.GONE, {"type": "MODIFIED", "object": saga("2")})
    assert seen(server, 3) == [("ADDED", "1"), ("ADDED", "1"), ("MODIFIED", "2")]
    assert (server.lists, slept) == (2, [])


def test_a_refusal_is_no_interruption() -> None:
    with pytest.raises(ApiError, match="Forbidden"):
        seen(Server(HTTPStatus.FORBIDDEN), 2)
