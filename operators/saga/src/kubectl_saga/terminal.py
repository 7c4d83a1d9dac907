"""A rich console that draws the same on a terminal, in a pipe and in a test: only the colours differ."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import Final

from rich.console import Console, RenderableType

from kubectl_saga.output import in_colour

_PIPE: Final = (120, 40)
"""Columns and lines where there is no terminal, unless COLUMNS says otherwise."""


def console() -> Console:
    """On standard output."""
    return Console(
        width=shutil.get_terminal_size(_PIPE).columns,
        no_color=not in_colour(),
        force_terminal=sys.stdout.isatty(),  # whether it can be drawn on, which NO_COLOR does not ask to leave off
        highlight=False,
        markup=False,
        emoji=False,
    )


def rendered(drawing: Callable[[int], RenderableType]) -> str:
    """What the drawing looks like at the console's width, without the blanks that fill its lines."""
    screen = console()
    with screen.capture() as captured:
        screen.print(drawing(screen.width))
    return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))
