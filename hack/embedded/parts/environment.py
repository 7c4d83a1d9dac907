"""Python tools whose pins would hold back everyone else's: each in an environment of its own, installed from a lock."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

from hack.embedded.parts.cache import build_once, content_key, run_tool


def find_programs(name: str, lock: Path, cache: Path, logs: Path) -> Path:
    """The folder with the programs of what the lock lists, installed once per machine.

    Raises PlatformError when it cannot be had.
    """
    folder = cache / f"{name}-{content_key([lock, sys.version])}"
    return build_once(folder, lambda fresh: _install(fresh, folder, lock, logs / f"build-{name}.log")) / "bin"


def _install(fresh: Path, folder: Path, lock: Path, log: Path) -> None:
    venv.create(fresh, with_pip=False)
    uv = Path(sys.executable).with_name("uv")
    run_tool([uv, "pip", "install", "--python", fresh, "--require-hashes", "-r", lock], log=log)
    # the environment gets its name when it is whole, and its programs must find their interpreter by that name
    for program in (fresh / "bin").iterdir():
        if program.is_file() and not program.is_symlink():
            program.write_bytes(program.read_bytes().replace(bytes(fresh), bytes(folder)))
