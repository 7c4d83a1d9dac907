from __future__ import annotations

import io
from itertools import count

import pytest
from rich.console import Console

from hack.embedded.progress import Board


def ticking(console: Console) -> Board:
    """A board whose every look at the clock is a second later."""
    ticks = count()
    return Board(console, clock=lambda: float(next(ticks)))


def test_elsewhere_than_on_a_terminal_each_end_is_a_line(console: Console) -> None:
    with ticking(console) as board, board.row("etcd"):
        assert console.export_text(clear=False) == ""
    assert console.export_text().split() == ["etcd", "done", "1.0", "s"]


def test_a_note_is_said_at_the_beginning_because_it_may_take_minutes(console: Console) -> None:
    with ticking(console) as board, board.row("kubernetes", "building, usually 5 to 10 minutes"):
        assert "kubernetes: building, usually 5 to 10 minutes" in console.export_text(clear=False)


def test_a_failure_is_shown_and_raised(console: Console) -> None:
    with ticking(console) as board, pytest.raises(ValueError, match="bad"), board.row("etcd"):
        raise ValueError("bad")
    assert "failed" in console.export_text()


def test_a_terminal_gets_a_table_that_ends_complete() -> None:
    screen = io.StringIO()
    with ticking(Console(file=screen, force_terminal=True, width=80)) as board, board.row("etcd"):
        pass
    last = screen.getvalue().rsplit("etcd", 1)
    assert "✓" in last[0][-20:]
    assert " s" in last[1]
