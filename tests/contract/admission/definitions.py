"""Pieces of saga definitions, each valid until a test changes it."""

from __future__ import annotations

from typing import Any

Step = dict[str, Any]


def command(name: str, **more: Any) -> Step:
    return {"name": name, "participant": "payments", "command": "charge", **more}


def compensated() -> Step:
    return {"compensation": {"command": "refund"}}


def approval(name: str, **more: Any) -> Step:
    return {"name": name, "approval": {"expiresAfter": "5m", "onExpiry": "Reject"}, **more}


def around_pivot(*, before: list[Step] | None = None, after: list[Step] | None = None) -> dict[str, Any]:
    """A definition with these steps before and after its pivot."""
    return {"steps": [*(before or []), command("pay", pivot=True), *(after or [])]}
