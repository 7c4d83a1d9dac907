"""Reads JSON bodies within bounds: declared as JSON, well formed, and neither too large nor nested too deeply."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from flask import Request

from skald.problems import Problem

__all__ = ["BODY_LIMIT", "DEPTH_LIMIT", "BoundedRequest"]

BODY_LIMIT: Final = 64 * 1024
"""Bytes; a saga's input has the same limit, so nothing larger could ever be carried on."""
DEPTH_LIMIT: Final = 32
"""Levels of objects and arrays; deeper than any model of ours, shallower than what a parser could choke on."""


class _TooDeep(ValueError):
    pass


class _BoundedJson:
    """The part of the ``json`` module that a request uses."""

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise _TooDeep from None
        _check_depth(value)
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (dict, list))]:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise _TooDeep
        level = [item for holder in level for item in (holder.values() if isinstance(holder, dict) else holder)]


class BoundedRequest(Request):
    """Flask's request, stricter about JSON."""

    json_module = _BoundedJson
    max_content_length = BODY_LIMIT

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002
        """The parsed body. Raises Problem 415 for another content type (``force`` is ignored) and 400 for bad JSON."""
        if not self.is_json:
            sent = self.mimetype or "nothing"
            detail = f"Send Content-Type: application/json; this request says {sent}."
            raise Problem(415, "unsupported-media-type", "Unsupported Media Type", detail)
        return super().get_json(force=True, silent=silent, cache=cache)

    def on_json_loading_failure(self, e: ValueError | None) -> NoReturn:
        """Says what is wrong with the body, without quoting it."""
        if isinstance(e, _TooDeep):
            detail = f"The body nests more than {DEPTH_LIMIT} levels deep."
            raise Problem(400, "json-too-deep", "Body not accepted", detail) from None
        raise Problem(
            400, "json-malformed", "Body not understood", f"The body is no JSON: {e or 'it is empty'}."
        ) from None
