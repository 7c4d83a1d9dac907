"""Where the peers come from: a Python environment of their own, and Restate's server out of its npm package."""

from __future__ import annotations

import shutil
import sys
import tarfile
import venv
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import build_once, content_key, run_tool

LOCK: Final = Path(__file__).with_name("requirements.lock")
RESTATE: Final = "@restatedev/restate-server-linux-x64@1.7.12"
_RESTATE_PROGRAM: Final = "package/bin/restate-server"


def find_environment(cache: Path, logs: Path) -> Path:
    """The folder with the peers' programs, installed once per machine. Raises PlatformError when it cannot be had."""
    folder = cache / f"peers-{content_key([LOCK, sys.version])}"
    return build_once(folder, lambda fresh: _install(fresh, folder, logs)) / "bin"


def _install(fresh: Path, folder: Path, logs: Path) -> None:
    venv.create(fresh, with_pip=False)
    uv = Path(sys.executable).with_name("uv")
    install: list[str | Path] = [uv, "pip", "install", "--python", fresh, "--require-hashes", "-r", LOCK]
    run_tool(install, log=logs / "build-peers.log")
    # the environment gets its name when it is whole, and its programs must find their interpreter by that name
    for program in (fresh / "bin").iterdir():
        if program.is_file() and not program.is_symlink():
            program.write_bytes(program.read_bytes().replace(bytes(fresh), bytes(folder)))


def find_restate(cache: Path, logs: Path) -> Path:
    """Restate's server, fetched once per machine. Raises PlatformError when it cannot be had."""
    folder = build_once(cache / f"restate-{content_key([RESTATE])}", lambda fresh: _unpack_restate(fresh, logs))
    return folder / "restate-server"


def _unpack_restate(fresh: Path, logs: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise PlatformError("npm is not installed, and Restate's server comes by it", "install Debian's package npm")
    run_tool([npm, "pack", "--pack-destination", fresh, RESTATE], log=logs / "build-restate.log", cwd=fresh)
    (package,) = fresh.glob("*.tgz")
    with tarfile.open(package) as archive:
        source = archive.extractfile(_RESTATE_PROGRAM)
        if source is None:
            raise PlatformError(f"{package.name} has no {_RESTATE_PROGRAM}")
        with (fresh / "restate-server").open("wb") as target:
            shutil.copyfileobj(source, target)
    (fresh / "restate-server").chmod(0o755)
    package.unlink()
