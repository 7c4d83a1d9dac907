"""Can this machine run the platform? Says so at once, before anything is built."""

from __future__ import annotations

import os
import platform
import shutil
from typing import Final

from hack.embedded.errors import PlatformError

_TOOLS: Final = {"unshare": "util-linux", "mount": "util-linux", "chroot": "coreutils"}


def refuse_unfit_machine() -> None:
    """Raise PlatformError unless this is amd64 Linux, run by root, with the tools that every Debian has."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise PlatformError(
            f"the embedded platform runs on amd64 Linux; this is {system} on {machine}",
            "run Skald in a cluster instead: docs/chart.md",
        )
    if os.geteuid() != 0:
        raise PlatformError(
            "this needs root: broker and database run in a private Debian root, and only root may enter one",
            "run it as root, for example: sudo make up",
        )
    for tool, package in _TOOLS.items():
        if not shutil.which(tool):
            raise PlatformError(f"the program {tool} is missing", f"apt-get install {package}")
