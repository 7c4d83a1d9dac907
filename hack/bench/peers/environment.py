"""Where the peers come from: a Python environment of their own, and Restate's server out of its npm package."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import build_once, content_key, run_tool
from hack.embedded.parts.environment import find_programs

LOCK: Final = Path(__file__).with_name("requirements.lock")
RESTATE: Final = "@restatedev/restate-server-linux-x64@1.7.12"
_RESTATE_PROGRAM: Final = "package/bin/restate-server"


def find_environment(cache: Path, logs: Path) -> Path:
    """The folder with the peers' programs, installed once per machine. Raises PlatformError when it cannot be had."""
    return find_programs("peers", LOCK, cache, logs)


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
