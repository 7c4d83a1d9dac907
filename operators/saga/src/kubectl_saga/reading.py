"""What a stored saga says, read from the object itself: a listing of thousands is not worth converting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Object = Mapping[str, Any]
ENDED: Final = ("Succeeded", "Compensated", "Aborted")


def status_of(saga: Object) -> Mapping[str, Any]:
    """Empty for a saga that nobody has looked at yet."""
    return dict(saga.get("status") or {})


def phase_of(saga: Object) -> str:
    """A saga that nobody has looked at yet is Pending."""
    return str(status_of(saga).get("phase", "Pending"))


def stall_of(saga: Object) -> Mapping[str, Any] | None:
    """The condition Stalled, if it is True."""
    for condition in status_of(saga).get("conditions", ()):
        if condition["type"] == "Stalled" and condition["status"] == "True":
            return dict(condition)
    return None


def stuck_steps(saga: Object) -> list[str]:
    """Names of the steps that wait for what they cannot bring about."""
    return [name for name, step in (status_of(saga).get("steps") or {}).items() if step.get("stalledSince")]


def error_of(saga: Object, step: str) -> str | None:
    """Code of the last failure of the command at hand: of the compensation, once there is one."""
    stored = (status_of(saga).get("steps") or {}).get(step, {})
    return ((stored.get("compensation") or stored).get("error") or {}).get("code")


def current_steps(saga: Object) -> list[str]:
    """Names of the steps that the saga waits for."""
    return [name for name in str(status_of(saga).get("currentSteps") or "").split(",") if name]
