"""What the platform is made of: processes that the supervisor keeps, and tasks that are done once between them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hack.embedded.credentials import write_private

Probe = Callable[[], bool]
"""True when the process does its work; called again and again until then."""


@dataclass(frozen=True)
class Process:
    """A program that the supervisor starts, watches and stops."""

    name: str
    command: tuple[str, ...]
    ready: Probe
    needs: frozenset[str] = frozenset()
    """Names of what has to be ready, or done, before this one is started."""
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    """Configuration, written before each start; a change restarts the process."""
    folder: Path | None = None
    """Its state, made before it starts."""
    owner: int | None = None
    """The user of the private root that folder and files belong to; None: the user of the platform."""
    stop_signal: str = "TERM"
    patience: float = 120
    """Seconds in which it has to become ready; ample, because one that dies is noticed at once."""

    @property
    def digest(self) -> str:
        """Changes whenever the configuration files do."""
        return hashlib.sha256("\0".join(f"{path}\0{text}" for path, text in self.files.items()).encode()).hexdigest()

    def prepare(self) -> None:
        """Make the folder and write the configuration."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._hand_over(self.folder)
        for path, text in self.files.items():
            write_private(path, text)
            self._hand_over(path)

    def _hand_over(self, path: Path) -> None:
        if self.owner is not None:
            os.chown(path, self.owner, self.owner)


@dataclass(frozen=True)
class Task:
    """Something to do once its needs are met; done again at each start, so it must be safe to repeat."""

    name: str
    run: Callable[[], None]
    needs: frozenset[str] = frozenset()


Node = Process | Task
