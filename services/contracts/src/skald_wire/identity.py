"""Ids that come out the same after every retry, restart, change of leader and re-creation (rule I1)."""

from __future__ import annotations

import json
import uuid
from enum import StrEnum
from typing import Final

NAMESPACE: Final = uuid.UUID("6f2c1f0e-5e0b-5d7e-9f0a-3c1d8a4b7e21")
"""Fixed for ever: changing it would give every command of every living saga a new name."""


class Kind(StrEnum):
    """Which of a step's two commands an id names."""

    ACTION = "Action"
    COMPENSATION = "Compensation"


def command_id(namespace: str, idempotency_key: str, step: str, kind: Kind) -> str:
    """UUIDv5 of the command that does or undoes ``step``, the same for all attempts."""
    name = json.dumps([namespace, idempotency_key, step, kind.value], ensure_ascii=False, separators=(",", ":"))
    return str(uuid.uuid5(NAMESPACE, name))


def saga_key(namespace: str, idempotency_key: str) -> str:
    """The participant's name for a saga: what its document is stored under."""
    return f"{namespace}/{idempotency_key}"
