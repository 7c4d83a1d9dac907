"""What the last ``up`` of an instance did, so that other commands need neither its environment nor its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hack.embedded.credentials import write_private


@dataclass(frozen=True)
class Record:
    """Lies in the instance's run folder for as long as it is up."""

    ports: Mapping[str, int]
    needs: Mapping[str, list[str]]
    """By process: the processes that it needs."""
    done: list[str]
    """Names of the processes and tasks that were brought up."""
    fingerprint: str
    """Changes with anything that was started or applied."""


def read_record(folder: Path) -> Record | None:
    """The record in a run folder, or None after a ``down``."""
    path = folder / "record.json"
    return Record(**json.loads(path.read_text())) if path.exists() else None


def write_record(folder: Path, record: Record) -> None:
    """Replace the record in a run folder."""
    write_private(folder / "record.json", json.dumps(asdict(record), indent=1))
