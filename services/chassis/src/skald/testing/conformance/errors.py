"""What keeps the kit from judging at all, as opposed to a rule that is broken."""

from __future__ import annotations

__all__ = ["KitError"]


class KitError(Exception):
    """The check could not be made; the text says what to do about it."""
