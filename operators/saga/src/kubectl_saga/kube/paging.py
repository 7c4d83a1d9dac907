"""Long lists, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubectl_saga.kube.api import Api

JSON = Any
PAGE: Final = 500
"""Objects that one answer may hold."""


def pages(api: Api, path: str, query: Mapping[str, str] | None = None) -> Iterator[JSON]:
    """Every page of a list, as the API server answers. Raises as ``Api.get`` does."""
    wanted = {**(query or {}), "limit": str(PAGE)}
    while True:
        page = api.get(path, wanted)
        yield page
        following = page["metadata"].get("continue")
        if not following:
            return
        wanted["continue"] = str(following)
