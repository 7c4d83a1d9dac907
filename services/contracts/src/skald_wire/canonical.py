"""One byte sequence per JSON value (RFC 8785), so that two sides can compare fingerprints."""

from __future__ import annotations

import hashlib
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


def normalise(value: JSON, at: str = "$", depth: int = 0) -> JSON:
    """The value as the API server would give it back: nulls dropped from objects, whole floats as integers.

    Raises NotRepresentable for an integer beyond 2^53, a NaN or infinity, a null inside a list, half a surrogate pair,
    nesting deeper than DEPTH_LIMIT, or a type that JSON lacks.
    """
    if depth > DEPTH_LIMIT:
        raise NotRepresentable(f"{at[:80]}...: nested deeper than {DEPTH_LIMIT} levels")
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, at)
        case int():
            return _integer(value, at)
        case float():
            return _number(value, at)
        case Mapping():
            return {
                _key(key, at): normalise(item, f"{at}.{key}", depth + 1)
                for key, item in value.items()
                if item is not None
            }
        case list() | tuple():
            return [_element(item, f"{at}[{index}]", depth + 1) for index, item in enumerate(value)]
        case _:
            raise NotRepresentable(f"{at}: {type(value).__name__} is no JSON type")


def _text(value: str, at: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotRepresentable(f"{at}: the text holds half a surrogate pair, which UTF-8 cannot carry") from None
    return value


def _integer(value: int, at: str) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise NotRepresentable(f"{at}: the integer {value} is beyond 2^53 and would be rounded; send a string")
    return value


def _number(value: float, at: str) -> int | float:
    if not math.isfinite(value):
        raise NotRepresentable(f"{at}: {value} is no JSON number")
    if not value.is_integer():
        return value
    if abs(value) > LARGEST_INTEGER:
        raise NotRepresentable(f"{at}: the number {value} is whole and beyond 2^53; send a string")
    return int(value)


def _key(key: object, at: str) -> str:
    if isinstance(key, str):
        return _text(key, f"a key of {at}")
    raise NotRepresentable(f"{at}: the key {key!r} is no string")


def _element(item: JSON, at: str, depth: int) -> JSON:
    if item is None:
        raise NotRepresentable(f"{at}: a list must not hold null, because stores differ in what they make of it")
    return normalise(item, at, depth)


def canonical(value: JSON) -> bytes:
    """RFC 8785 bytes of the normalised value. Raises NotRepresentable."""
    return rfc8785.dumps(normalise(value))


def fingerprint(definition: str, step: str, command: str, command_input: Mapping[str, JSON]) -> str:
    """What a command id must always mean (rule R6): hex SHA-256 of definition, step, command and input."""
    return hashlib.sha256(canonical([definition, step, command, dict(command_input)])).hexdigest()
