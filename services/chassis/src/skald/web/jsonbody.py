"""Reads JSON bodies within bounds: declared as JSON, well formed, and neither too large nor nested too deeply."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from flask import Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import RequestEntityTooLarge

from skald.problems import Problem

__all__ = ["BODY_LIMIT", "DEPTH_LIMIT", "BoundedRequest", "StrictJson"]

BODY_LIMIT: Final = 64 * 1024
"""Bytes; a saga's input has the same limit, so nothing larger could ever be carried on."""
DEPTH_LIMIT: Final = 32
"""Levels of objects and arrays; deeper than any model of ours, shallower than what a parser could choke on."""


class StrictJson(DefaultJSONProvider):
    """Reads what RFC 8259 allows and no more; writes members in the order in which they were given."""

    sort_keys = False

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Raises ValueError, without quoting the text, for anything else and for what nests too deeply."""
        try:
            value = json.loads(s, parse_constant=_refuse_constant)
        except RecursionError:
            raise _too_deep() from None
        if _depth(value) > DEPTH_LIMIT:
            raise _too_deep()
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _too_deep() -> ValueError:
    return ValueError(f"it nests more than {DEPTH_LIMIT} levels deep")


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        level = [item for holder in level for item in (holder.values() if isinstance(holder, dict) else holder)]
    return depth


class BoundedRequest(Request):
    """Flask's request, stricter about its body."""

    max_content_length = BODY_LIMIT

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002
        """The parsed body.

        Raises Problem 415 for another content type (``force`` is ignored), 400 for bad JSON, RequestEntityTooLarge.
        """
        if not self.is_json:
            detail = f"Send Content-Type: application/json; this request says {self.mimetype or 'nothing'}."
            raise Problem(415, "unsupported-media-type", "Unsupported Media Type", detail)
        # Of a body that comes in chunks werkzeug reads as much as the limit allows, and says nothing of the rest.
        if self.content_length is None and len(self.get_data()) >= BODY_LIMIT:
            raise RequestEntityTooLarge
        return super().get_json(force=True, silent=silent, cache=cache)

    def on_json_loading_failed(self, e: ValueError | None) -> NoReturn:
        """Says what is wrong with the body."""
        raise Problem(400, "json-malformed", "Body not understood", f"The body is no acceptable JSON: {e}.") from None
