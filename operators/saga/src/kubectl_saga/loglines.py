"""Lines of logs that say which saga they are about: JSON objects with the field ``saga``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from saga_operator.domain import moments

from kubectl_saga.kube.pods import Log
from kubectl_saga.output import Cell, clean, table

JSON = Any
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line about the saga."""

    at: float
    """Unix seconds at which the container wrote it."""
    log: Log
    fields: dict[str, JSON]


def about(saga: str, log: Log, written: Iterable[tuple[str, str]], until: float) -> Iterator[LogLine]:
    """Those about ``saga`` (namespace/name); what is written after ``until`` is not asked for any more."""
    for moment, text in written:
        at = moments.recall(moment)
        if at is None:
            continue  # not a line, but the kubelet's own word on why there is none
        if at > until:
            return
        fields = _fields(text) if saga in text else None
        if fields is not None and fields.get("saga") == saga:
            yield LogLine(at, log, fields)


def _fields(text: str) -> dict[str, JSON] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def lines_table(lines: Iterable[LogLine], begin: float, *, wide: bool = False) -> str:
    """One line each, in order; what a failure left behind (``exc_info``) stands below its own."""
    header = ("AT", *(("TIME", "POD") if wide else ()), "SERVICE", "STEP", "LEVEL", "MESSAGE")
    return _with_failures(table(header, [_row(line, begin, wide=wide) for line in lines]), lines)


def _with_failures(text: str, lines: Iterable[LogLine]) -> str:
    header, *rows = text.split("\n")
    told = [header]
    for row, line in zip(rows, lines, strict=True):
        told.append(row)
        failure = line.fields.get("exc_info")
        if failure:
            told += [f"    {clean(each)}" for each in str(failure).rstrip().split("\n")]
    return "\n".join(told)


def _row(line: LogLine, begin: float, *, wide: bool) -> list[Cell | str]:
    fields = line.fields
    level = str(fields.get("level", ""))
    where = (moments.show(line.at), line.log.pod) if wide else ()
    return [
        f"{line.at - begin:+.3f}s",
        *where,
        str(fields.get("service", line.log.container)),
        str(fields.get("step", "")),
        Cell(level, _COLOURS.get(level)),
        str(fields.get("message", "")).replace("\n", " "),
    ]


def as_document(lines: Iterable[LogLine]) -> list[JSON]:
    """What ``-o json`` shows: each line as it was written, with the pod and the container that wrote it."""
    return [{"pod": line.log.pod, "container": line.log.container, **line.fields} for line in lines]
