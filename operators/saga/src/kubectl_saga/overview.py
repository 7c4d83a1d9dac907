"""Many sagas as a table: who needs somebody comes first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from kubectl_saga.acting import who_must_act
from kubectl_saga.output import Cell, table
from kubectl_saga.reading import ENDED, Object, phase_of, stall_of, status_of

COLOURS: Final = {
    "Succeeded": "green",
    "Compensated": "yellow",
    "Compensating": "yellow",
    "Waiting": "cyan",
    "Suspended": "cyan",
    "Aborted": "magenta",
}
"""By phase; what simply runs has none."""
_COLUMNS: Final = ("NAME", "PHASE", "PROGRESS", "STEP", "REASON", "AGE", "DURATION")
_WHO: Final = "WHO MUST ACT"
"""Only there if somebody must."""
_WIDE: Final = ("DEFINITION", "DIRECTION", "ATTEMPTS")


def stuck_first(sagas: Iterable[Object]) -> list[Object]:
    """Stalled ones, those that wait for a person, those that run, the oldest first; then the last that ended."""
    everything = sorted(sagas, key=_created)
    ended = [saga for saga in reversed(everything) if phase_of(saga) in ENDED]
    live = [saga for saga in everything if phase_of(saga) not in ENDED]
    return sorted(live, key=lambda saga: (not stall_of(saga), not who_must_act(saga))) + ended


def sagas_table(
    sagas: Sequence[Object], *, wide: bool = False, everywhere: bool = False, now: float | None = None
) -> str:
    """One line per saga."""
    moment = time.time() if now is None else now
    actors = [who_must_act(saga) for saga in sagas]
    somebody = any(actors)
    header = (
        *(("NAMESPACE",) if everywhere else ()),
        *_COLUMNS,
        *(_WIDE if wide else ()),
        *((_WHO,) if somebody else ()),
    )
    rows = [_row(saga, moment, wide=wide, everywhere=everywhere) for saga in sagas]
    return table(header, [[*row, actor] for row, actor in zip(rows, actors, strict=True)] if somebody else rows)


def counts(sagas: Iterable[Object]) -> str:
    """How many sagas there are of each phase, in one line."""
    number: dict[str, int] = {}
    for saga in sagas:
        phase = "Stalled" if stall_of(saga) and phase_of(saga) not in ENDED else phase_of(saga)
        number[phase] = number.get(phase, 0) + 1
    return ", ".join(f"{number[phase]} {phase}" for phase in sorted(number, key=_gravity))


def age(seconds: float) -> str:
    """As kubectl writes it: one unit, two while they are small."""
    whole = max(0, int(seconds))
    for unit, length, below in (("s", 1, 120), ("m", 60, 180 * 60), ("h", 3600, 48 * 3600)):
        if whole < below:
            return f"{whole // length}{unit}"
    return f"{whole // 86400}d"


def _gravity(phase: str) -> tuple[bool, bool, str]:
    return phase != "Stalled", phase in ENDED, phase


def _row(saga: Object, now: float, *, wide: bool, everywhere: bool) -> list[Cell | str]:
    status, metadata, phase = status_of(saga), saga["metadata"], phase_of(saga)
    stalled = stall_of(saga) is not None and phase not in ENDED
    row: list[Cell | str] = [
        *([str(metadata["namespace"])] if everywhere else []),
        str(metadata["name"]),
        Cell(f"{phase} (stalled)", "red", bold=True) if stalled else Cell(phase, COLOURS.get(phase)),
        str(status.get("progress", "")),
        str(status.get("currentSteps", "")),
        Cell(str(status.get("reason", "")), "red" if stalled else None),
        age(now - _created(saga)),
        str(status.get("duration", "")),
    ]
    if wide:
        row += [str(saga["spec"]["definition"]), str(status.get("direction", "")), str(status.get("attempts", ""))]
    return row


def _created(saga: Object) -> float:
    return datetime.fromisoformat(str(saga["metadata"]["creationTimestamp"])).timestamp()
