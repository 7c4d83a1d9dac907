"""What was installed, for those who come later: the tests."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from hack.embedded.errors import PlatformError
from hack.kind.kubectl import HOME

_FILE: Final = HOME / "installed.json"


@dataclass(frozen=True)
class Installed:
    """The release in the cluster."""

    tag: str
    """Of its images."""
    registry: bool
    """Whether nodes and backing services are the official ones: policies are enforced, MongoDB is MongoDB."""
    helm: str
    """The program that installed it."""

    def write(self) -> None:
        """Remember it, until the next is installed."""
        _FILE.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls) -> Installed:
        """What was installed last from this checkout. Raises PlatformError where nothing was."""
        if not _FILE.exists():
            raise PlatformError("nothing was installed from this checkout", "run: make kind-up")
        return cls(**json.loads(_FILE.read_text()))
