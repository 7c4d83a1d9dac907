"""A board of what is going on, with times: a live table on a terminal, one line per finished thing elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from hack.embedded.errors import GivenUp

_State = Literal["working", "done", "left", "failed"]

_SPINNER: Final = Spinner("dots", style="cyan")
_SIGNS: Final = {"done": "[green]✓", "left": "[dim]-", "failed": "[red]✗"}


@dataclass
class _Row:
    began: float
    note: str
    state: _State = "working"
    seconds: float = 0


class Board:
    """Shows rows that begin and end, from any thread. Use it as a context manager."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._live = (
            Live(get_renderable=self._render, console=console, refresh_per_second=8) if console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    @contextmanager
    def row(self, name: str, note: str = "") -> Iterator[None]:
        """Show ``name`` as being worked on until the block ends, and how long it took."""
        with self._lock:
            row = self._rows[name] = _Row(self._clock(), note)
        if note and not self._live:
            self._console.print(f"  {name}: {note}", highlight=False, soft_wrap=True)
        try:
            yield
        except GivenUp:
            self._end(name, row, "left")
            raise
        except BaseException:
            self._end(name, row, "failed")
            raise
        self._end(name, row, "done")

    def _end(self, name: str, row: _Row, state: _State) -> None:
        with self._lock:
            row.state, row.seconds = state, self._clock() - row.began
        if not self._live:
            self._console.print(f"  {name:<22} {state:<7} {row.seconds:6.1f} s", highlight=False)

    def _render(self) -> Table:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            for name, row in self._rows.items():
                if row.state == "working":
                    table.add_row(_SPINNER, name, f"{self._clock() - row.began:5.1f} s", f"[dim]{row.note}")
                else:
                    table.add_row(_SIGNS[row.state], name, f"{row.seconds:5.1f} s")
        return table
