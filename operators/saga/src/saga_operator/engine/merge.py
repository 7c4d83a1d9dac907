"""The smallest JSON merge patch (RFC 7386) that turns one document into another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JSON = Any


def merge_patch(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> dict[str, JSON]:
    """What to send so that ``before`` becomes ``after``; empty when they are equal. Fields that vanish are null."""
    patch: dict[str, JSON] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if old == value and key in before:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            patch[key] = merge_patch(old, value)
        else:
            patch[key] = value
    return patch
