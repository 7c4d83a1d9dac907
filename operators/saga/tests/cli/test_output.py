"""Tables for people, whatever their terminal and their script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubectl_saga.output import Cell, columns, table

ROWS = [["a", "short"], ["b", "an answer that is much longer than the terminal is wide"]]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")


@pytest.mark.usefixtures("narrow")
def test_on_a_narrow_terminal_a_row_stays_a_line() -> None:
    lines = table(("NAME", "ANSWER"), ROWS).split("\n")
    assert lines[2] == "b      an answer that is much…"
    assert max(map(columns, lines)) <= 30


def test_what_goes_into_a_pipe_is_whole() -> None:
    assert table(("NAME", "ANSWER"), ROWS).endswith("than the terminal is wide")


def test_wide_letters_keep_the_columns_straight() -> None:
    lines = table(("NAME", "WHY", "AGE"), [["注文", "é", "1s"], ["order", "plain", "2s"]]).split("\n")
    assert {columns(line.rsplit("  ", 1)[0]) for line in lines} == {columns("order   plain ")}


@given(st.lists(st.text(), min_size=1))
def test_nothing_that_somebody_wrote_steers_the_terminal(texts: list[str]) -> None:
    drawn = table(("TEXT", "END"), [[text, Cell("end")] for text in texts])
    assert "\x1b" not in drawn
    assert "\r" not in drawn
