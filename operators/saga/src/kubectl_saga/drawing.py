"""A story as a person reads it: the steps as bars over time, then who did what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import StepState

from kubectl_saga.happenings import Happening, Mood
from kubectl_saga.output import clean
from kubectl_saga.overview import COLOURS
from kubectl_saga.story import Span, Story

ACTION, BETWEEN, COMPENSATION, ONGOING = "█", "╌", "▒", "▶"
_STATES: Final = {
    StepState.SUCCEEDED: "green",
    StepState.COMPLETED: "green",
    StepState.WAIVED: "magenta",
    StepState.FAILED: "red",
    StepState.COMPENSATED: "yellow",
    StepState.COMPENSATING: "yellow",
    StepState.CANCELLED: "yellow",
    StepState.RUNNING: "cyan",
}
_MOODS: Final[dict[Mood, str]] = {"plain": "", "good": "green", "bad": "red", "back": "yellow", "wait": "cyan"}
_NARROWEST, _WIDEST = 16, 60
_GAP: Final = 2
_SHORT: Final = 60.0
"""Seconds that a saga may take to be told in milliseconds."""
_LONG_GAP: Final = 1.0
"""Seconds of silence that may catch the eye, if they are also a fifth of the whole."""


def draw(story: Story, width: int) -> RenderableType:
    """For a console of so many columns."""
    return Group(_headline(story), Text(), _bars(story, width), Text(_legend(story), style="dim"), Text(), _log(story))


def _headline(story: Story) -> Text:
    saga, status = story.saga, story.saga.status
    phase = status.phase
    text = Text.assemble(
        f"{saga.metadata.name} ({saga.spec.definition}): ",
        (str(phase), f"bold {COLOURS.get(phase, '')}".strip()),
        f" after {show(story.end - story.begin)}",
    )
    if status.failure is not None:
        failure = status.failure
        message = f": {failure.message}" if failure.message else ""
        text.append(clean(f"\nbecause of {failure.step}: {failure.code}{message}"))
    for condition in status.conditions:
        if condition.type == "Stalled" and condition.status == "True" and not phase.terminal:
            text.append(clean(f"\nstalled, {condition.reason}: {condition.message}"), "bold red")
    return text


def _bars(story: Story, width: int) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="", show_edge=False)
    shown = _columns_that_fit(story, width)
    for title in shown:
        table.add_column(title, no_wrap=True, justify="right" if title == "TRIES" else "left")
    cells = max(_NARROWEST, min(_WIDEST, width - _taken(story, shown)))
    table.add_column(Text(_scale(story, cells)), no_wrap=True)
    for span in story.spans:
        facts = _facts(span, story)
        table.add_row(*(facts[title] for title in shown), _bar(span, story, cells))
    return table


def _facts(span: Span, story: Story) -> dict[str, Text]:
    state = Text(span.called(ended=story.saga.status.phase.terminal), _STATES.get(span.state, "dim"))
    return {"STEP": Text(span.step), "COMMAND": Text(span.command), "STATE": state, "TRIES": Text(span.tries)}


def _columns_that_fit(story: Story, width: int) -> list[str]:
    """The bars come first: on a narrow terminal the commands go, then the tries, which the log below tells too."""
    shown = ["STEP", "COMMAND", "STATE", "TRIES"]
    for spare in ("COMMAND", "TRIES"):
        if width - _taken(story, shown) < _NARROWEST:
            shown.remove(spare)
    return shown


def _taken(story: Story, shown: list[str]) -> int:
    rows = [_facts(span, story) for span in story.spans]
    return sum(max([len(title), *(row[title].cell_len for row in rows)]) + _GAP for title in shown)


def _scale(story: Story, cells: int) -> str:
    total = story.end - story.begin
    first, middle, last = "0s", show(total / 2), show(total)
    free = cells - len(first) - len(middle) - len(last)
    if free < 4:
        return f"{first}{last:>{cells - len(first)}}"
    return f"{first}{' ' * (free // 2)}{middle}{' ' * (free - free // 2)}{last}"


def _bar(span: Span, story: Story, cells: int) -> Text:
    action, undo = span.action, span.undo
    if action.start is None:
        return Text()
    line = [" "] * cells
    start, end = _cell(action.start, story, cells), _cell(action.end or story.end, story, cells)
    if undo is not None and undo.start is not None:
        begun = _cell(undo.start, story, cells)
        _fill(line, end, begun, BETWEEN)
        _fill(line, start, min(end, begun - 1), ACTION)
        _fill(line, begun, _cell(undo.end or story.end, story, cells), COMPENSATION)
    else:
        _fill(line, start, end, ACTION)
    if not story.saga.status.phase.terminal and (undo or action).end is None:
        line[-1] = ONGOING
    return Text("".join(line).rstrip(), _STATES.get(span.state, ""))


def _fill(line: list[str], first: int, last: int, mark: str) -> None:
    for cell in range(first, max(first, last) + 1):
        line[cell] = mark


def _cell(moment: float, story: Story, cells: int) -> int:
    total = story.end - story.begin
    share = (moment - story.begin) / total if total > 0 else 0.0
    return min(cells - 1, max(0, int(share * cells)))


def _legend(story: Story) -> str:
    parts = [f"{ACTION} action"]
    if any(span.undo is not None for span in story.spans):
        parts += [f"{BETWEEN} done, then waiting", f"{COMPENSATION} compensation"]
    return "   ".join(parts)


def _log(story: Story) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="", show_edge=False)
    table.add_column("AT", no_wrap=True, justify="right")
    table.add_column("AFTER", no_wrap=True, justify="right")
    table.add_column("WHO", no_wrap=True)
    table.add_column("WHAT", overflow="fold")
    for at, gap, each in _with_gaps(story):
        table.add_row(at, gap, clean(each.who), Text(clean(each.what), _MOODS[each.mood]))
    began = datetime.fromtimestamp(story.begin, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    table.add_row("", "", "", Text(f"(0s is {began})", "dim"))
    return table


def _with_gaps(story: Story) -> Iterator[tuple[str, Text, Happening]]:
    long = max(_LONG_GAP, (story.end - story.begin) / 5)
    before = story.begin
    for each in story.happenings:
        gap = max(0.0, each.at - before)
        before = each.at
        shown = Text("" if gap < 0.0005 else f"⋯ {show(gap)}" if gap >= long else show(gap))
        shown.stylize("bold yellow" if gap >= long else "dim")
        offset = _offset(each.at - story.begin, story)
        yield offset if each.exact else f"~{show(each.at - story.begin)}", shown, each


def _offset(seconds: float, story: Story) -> str:
    """To the millisecond, unless that would only be noise."""
    return f"+{seconds:.3f}s" if story.end - story.begin < _SHORT else f"+{show(seconds)}"
