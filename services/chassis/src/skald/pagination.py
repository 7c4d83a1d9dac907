"""Lists in pages: an opaque cursor says where the next one starts, the ``Link`` header (RFC 8288) holds its address."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from flask import request, url_for
from pydantic import Field

from skald.problems import FieldError, Problem
from skald.schema import Query

__all__ = ["PageQuery", "page_of"]

Item = TypeVar("Item")


class PageQuery(Query):
    """Which page is asked for."""

    limit: int = Field(20, ge=1, le=100, description="The most items to answer with.")
    cursor: str | None = Field(None, max_length=512, description="From the Link header of the page before.")

    def position(self, parts: int) -> list[str] | None:
        """Where the page starts: the sort key, of that many parts, of the last item of the page before; None at first.

        Raises Problem 422 for a cursor that was not made for this list.
        """
        if self.cursor is None:
            return None
        try:
            # Not by ``json``, which reads half a surrogate pair: no text that a database could be asked for.
            position = msgspec.json.decode(base64.urlsafe_b64decode(self.cursor), type=list[str])
        except ValueError:
            position = []
        if len(position) != parts:
            error = FieldError("query", "/cursor", "Take it unchanged from the Link header of the page before.")
            raise Problem(
                422, "invalid-input", "Input not accepted", "The cursor was not made by this service.", [error]
            )
        return position


def page_of(
    found: Sequence[Item], page: PageQuery, sort_key: Callable[[Item], Sequence[str]]
) -> tuple[list[Item], dict[str, str]]:
    """One page and its headers, from up to ``limit + 1`` items: the one too many only tells that there is a next page.

    ``sort_key`` gives what ``PageQuery.position`` returns when the next page is asked for.
    """
    items = list(found[: page.limit])
    if len(found) <= page.limit:
        return items, {}
    cursor = base64.urlsafe_b64encode(json.dumps(list(sort_key(items[-1]))).encode()).decode()
    return items, {"Link": f'<{_address(limit=page.limit, cursor=cursor)}>; rel="next"'}


def _address(**changed: Any) -> str:
    """This request's path with its query, changed: relative, because the gateway's name is not ours to know."""
    query = {**request.args.to_dict(), **changed}
    return url_for(str(request.endpoint), **(request.view_args or {}), **query)
