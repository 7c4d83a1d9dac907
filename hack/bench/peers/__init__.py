"""The same three steps on other engines, on the same machine, in the same run.

Each peer is a server, where it has one, and a program in ``programs/`` with the roles ``worker`` and ``load``. They run
under an environment of their own (``environment``), so that their pins hold back nobody else's.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

PROGRAMS: Final = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Outcome:
    """What one load showed."""

    latencies: list[float]
    """Seconds from the request to its answer, or to the watcher's sight of the end."""
    seconds: float
    own_cpu: float = 0.0
    """CPU seconds of the load driver, where the engine is a library inside it."""


@dataclass(frozen=True)
class Running:
    """An engine that is ready for load."""

    pids: Mapping[str, int]
    """The processes whose CPU time counts, by name."""
    load: Callable[[int, int], Outcome]
    """So many runs, so many at a time. Raises when one of them fails."""


class Peer(Protocol):
    """Another engine."""

    @property
    def name(self) -> str:
        """As the table says it."""

    @property
    def in_flight(self) -> int:
        """How many runs at a time it is compared at."""

    @property
    def runs(self) -> int:
        """How many runs one round has."""

    def start(self, folder: Path) -> AbstractContextManager[Running]:
        """The peer, for as long as the block lasts; its files and logs are in ``folder``."""


def loaded_by(program: Sequence[str], *, works: bool = False) -> Callable[[int, int], Outcome]:
    """Load from a program that takes the two numbers. ``works``: the engine is inside it, so that its CPU counts."""
    return partial(_load, tuple(program), works)


def _load(program: Sequence[str], works: bool, runs: int, in_flight: int) -> Outcome:  # noqa: FBT001 - see loaded_by
    command = [*program, str(runs), str(in_flight)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600)
    found = json.loads(done.stdout.splitlines()[-1])
    return Outcome(found["latencies"], found["seconds"], found["own_cpu"] if works else 0.0)
