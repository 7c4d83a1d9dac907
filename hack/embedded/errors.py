"""What goes wrong here, told to the person who has to act."""

from __future__ import annotations


class PlatformError(Exception):
    """Something failed that a person has to put right.

    The message says what failed and with which value; ``remedy`` says what to do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class GivenUp(Exception):
    """Not waited for any longer, because something else failed."""
