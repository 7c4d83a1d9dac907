"""One byte sequence per JSON value (RFC 8785), so that two sides can compare fingerprints."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from skald_wire.names import DEPTH_LIMIT

JSON = Any
LARGEST_INTEGER: Final = 2**53 - 1
"""Beyond it a JSON number is not exact (RFC 8785, I-JSON), and the API server would round it."""


class NotRepresentable(ValueError):
    """The value cannot travel unchanged; the message says which part and why."""


_Path = tuple["_Path", str | int] | None
"""Where in a value: the outer place and the key or index in it. Spelled out only for a message, as this is hot."""


def normalise(value: JSON) -> JSON:
    """The value as the API server would give it back: nulls dropped from objects, whole floats as integers.

    Raises NotRepresentable for an integer beyond 2^53, a NaN or infinity, a null inside a list, half a surrogate pair,
    nesting deeper than DEPTH_LIMIT, or a type that JSON lacks.
    """
    return _normalise(value, None, 0)


def _normalise(value: JSON, at: _Path, depth: int) -> JSON:
    if depth > DEPTH_LIMIT:
        raise NotRepresentable(f"{_spell(at)[:80]}...: nested deeper than {DEPTH_LIMIT} levels")
    if isinstance(value, str):
        return value if value.isascii() else _text(value, at)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _integer(value, at)
    if isinstance(value, float):
        return _number(value, at)
    if isinstance(value, Mapping):
        return {
            _key(key, at): _normalise(item, (at, key), depth + 1) for key, item in value.items() if item is not None
        }
    if isinstance(value, list | tuple):
        return [_element(item, (at, index), depth + 1) for index, item in enumerate(value)]
    raise NotRepresentable(f"{_spell(at)}: {type(value).__name__} is no JSON type")


def _spell(at: _Path) -> str:
    if at is None:
        return "$"
    outer, step = at
    return f"{_spell(outer)}[{step}]" if isinstance(step, int) else f"{_spell(outer)}.{step}"


def _text(value: str, at: _Path, part: str = "") -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        where = f"{part}{_spell(at)}"
        raise NotRepresentable(f"{where}: the text holds half a surrogate pair, which UTF-8 cannot carry") from None
    return value


def _integer(value: int, at: _Path) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise NotRepresentable(f"{_spell(at)}: the integer {value} is beyond 2^53 and would be rounded; send a string")
    return value


def _number(value: float, at: _Path) -> int | float:
    if not math.isfinite(value):
        raise NotRepresentable(f"{_spell(at)}: {value} is no JSON number")
    if not value.is_integer():
        return value
    if abs(value) > LARGEST_INTEGER:
        raise NotRepresentable(f"{_spell(at)}: the number {value} is whole and beyond 2^53; send a string")
    return int(value)


def _key(key: object, at: _Path) -> str:
    if not isinstance(key, str):
        raise NotRepresentable(f"{_spell(at)}: the key {key!r} is no string")
    return key if key.isascii() else _text(key, at, "a key of ")


def _element(item: JSON, at: _Path, depth: int) -> JSON:
    if item is None:
        raise NotRepresentable(
            f"{_spell(at)}: a list must not hold null, because stores differ in what they make of it"
        )
    return _normalise(item, at, depth)


def canonical(value: JSON) -> bytes:
    """RFC 8785 bytes of the normalised value. Raises NotRepresentable."""
    plain = normalise(value)
    # Python's own encoder, ten times as fast, writes the same bytes but for floats and for the order of other keys
    return _encode(plain).encode() if _simple(plain) else rfc8785.dumps(plain)


_encode: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _simple(plain: JSON) -> bool:
    """Whether there are no floats and only ASCII keys."""
    if isinstance(plain, dict):
        return all(key.isascii() and _simple(item) for key, item in plain.items())
    if isinstance(plain, list):
        return all(_simple(item) for item in plain)
    return not isinstance(plain, float)


def fingerprint(definition: str, step: str, command: str, command_input: Mapping[str, JSON]) -> str:
    """What a command id must always mean (rule R6): hex SHA-256 of definition, step, command and input."""
    return hashlib.sha256(canonical([definition, step, command, dict(command_input)])).hexdigest()
