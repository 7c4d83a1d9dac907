"""Text for people and documents for machines, both on standard output."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from unicodedata import combining, east_asian_width

import click

JSON = Any
_Command = TypeVar("_Command", bound=Callable[..., Any])
_GAP: Final = "   "
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and its colour, if any."""

    text: str
    colour: str | None = None
    bold: bool = False


def output_option(*formats: str) -> Callable[[_Command], _Command]:
    """Take -o with these formats."""
    return click.option(
        "-o", "--output", type=click.Choice(formats), help="Instead of text for people.", metavar="|".join(formats)
    )


def clean(text: str) -> str:
    """A text that somebody else wrote, without what would steer the terminal."""
    return _UNPRINTABLE.sub("�", text)


def in_colour() -> bool:
    """Only on a terminal, and not where NO_COLOR asks for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """Print text that may hold colours; they are dropped where none are wanted."""
    click.echo(text, color=in_colour())


def document(value: JSON, form: str) -> str:
    """As ``-o json`` and ``-o yaml`` want it."""
    if form == "json":
        return json.dumps(value, indent=4, ensure_ascii=False)
    import yaml  # noqa: PLC0415 - only for those who ask for YAML

    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False).rstrip("\n")


def list_of(items: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    """Several objects as kubectl prints them."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(items)}


def compact(value: JSON) -> str:
    """JSON in one line."""
    return clean(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def table(header: Sequence[str], rows: Sequence[Sequence[Cell | str]], indent: str = "") -> str:
    """Columns as kubectl prints them: as wide as their longest text, no lines.

    On a terminal that is too narrow the last column is cut, so that a row stays a line. What goes into a pipe is whole.
    """
    cells = [[Cell(title) for title in header], *([_cell(each) for each in row] for row in rows)]
    widths = [max(columns(row[column].text) for row in cells) for column in range(len(header))]
    if sys.stdout.isatty():
        left = shutil.get_terminal_size().columns - len(indent) - sum(width + len(_GAP) for width in widths[:-1])
        cells = [[*row[:-1], _cut(row[-1], max(left, len(header[-1])))] for row in cells]
    return "\n".join(indent + _line(row, widths) for row in cells)


def columns(text: str) -> int:
    """Of a terminal, that a text takes: letters of East Asia take two, and accents of their own none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def _cut(cell: Cell, width: int) -> Cell:
    if columns(cell.text) <= width:
        return cell
    kept = cell.text
    while kept and columns(kept) >= width:
        kept = kept[:-1]
    return Cell(f"{kept}…", cell.colour, cell.bold)


def _cell(given: Cell | str) -> Cell:
    cell = given if isinstance(given, Cell) else Cell(given)
    return Cell(clean(cell.text), cell.colour, cell.bold)


def _line(row: Sequence[Cell], widths: Sequence[int]) -> str:
    last = max((place for place, cell in enumerate(row) if cell.text), default=0)
    parts = []
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        padding = " " * (width - columns(cell.text)) if place < last else ""
        plain = cell.colour is None and not cell.bold
        parts.append((cell.text if plain else click.style(cell.text, fg=cell.colour, bold=cell.bold or None)) + padding)
    return _GAP.join(parts[: last + 1])
