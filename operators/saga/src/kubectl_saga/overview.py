"""Many sagas as a table: who needs somebody comes first."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kubectl_saga.output import Cell, table

Object = Mapping[str, Any]
ENDED: Final = ("Succeeded", "Compensated", "Aborted")
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
_WIDE: Final = ("DEFINITION", "DIRECTION", "ATTEMPTS")


def phase_of(saga: Object) -> str:
    """A saga that nobody has looked at yet is Pending."""
    return str(_status(saga).get("phase", "Pending"))


def stall_of(saga: Object) -> Mapping[str, Any] | None:
    """The condition Stalled, if it is True."""
    for condition in _status(saga).get("conditions", ()):
        if condition["type"] == "Stalled" and condition["status"] == "True":
            return dict(condition)
    return None


def stuck_first(sagas: Iterable[Object]) -> list[Object]:
    """Stalled ones, then those that run, each the oldest first; then those that ended, the newest first."""
    everything = sorted(sagas, key=_created)
    live = [saga for saga in everything if phase_of(saga) not in ENDED]
    stalled = [saga for saga in live if stall_of(saga)]
    running = [saga for saga in live if not stall_of(saga)]
    return stalled + running + [saga for saga in reversed(everything) if phase_of(saga) in ENDED]


def sagas_table(
    sagas: Sequence[Object], *, wide: bool = False, everywhere: bool = False, now: float | None = None
) -> str:
    """One line per saga."""
    moment = time.time() if now is None else now
    header = (*(("NAMESPACE",) if everywhere else ()), *_COLUMNS, *(_WIDE if wide else ()))
    return table(header, [_row(saga, moment, wide=wide, everywhere=everywhere) for saga in sagas])


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
    status, metadata, phase = _status(saga), saga["metadata"], phase_of(saga)
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


def _status(saga: Object) -> Mapping[str, Any]:
    return dict(saga.get("status") or {})


def _created(saga: Object) -> float:
    return datetime.fromisoformat(str(saga["metadata"]["creationTimestamp"])).timestamp()
