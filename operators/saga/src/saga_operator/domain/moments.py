"""Points in time: Unix seconds inside, RFC 3339 in UTC outside."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def show(moment: float) -> str:
    """RFC 3339 with milliseconds, because a whole saga may take less than a second."""
    seconds, milliseconds = divmod(int(moment * 1000), 1000)
    return f"{_whole(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=256)
def _whole(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def recall(text: str | None) -> float | None:
    """Unix seconds of what a status says; None also for what is no time, because a status may be edited by hand."""
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        return None


def parse(text: str) -> float:
    """Unix seconds. Raises ValueError when the text is not RFC 3339."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.timestamp()
