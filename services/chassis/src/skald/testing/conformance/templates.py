"""References in the inputs that the author gives: ``$(saga)`` and ``$(output.PATH)``, as in a definition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from skald.testing.conformance.errors import KitError

__all__ = ["fill"]

JSON = Any
_REFERENCE: Final = re.compile(r"\$\(([A-Za-z0-9_.-]+)\)")


def fill(template: JSON, values: Mapping[str, JSON]) -> JSON:
    """The template with its references replaced; a text that is one whole reference becomes the value itself.

    Raises KitError for a reference to what is not there.
    """
    if isinstance(template, Mapping):
        return {key: fill(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, values) for item in template]
    if not isinstance(template, str):
        return template
    whole = _REFERENCE.fullmatch(template)
    if whole:
        return _look_up(whole[1], values)
    return _REFERENCE.sub(lambda found: str(_look_up(found[1], values)), template)


def _look_up(path: str, values: Mapping[str, JSON]) -> JSON:
    value: JSON = values
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise KitError(f"$({path}): there is no {name!r} in {value!r}")
        value = value[name]
    return value
