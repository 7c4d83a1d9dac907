"""promtool, Prometheus' own judge of alert rules, out of Debian's package. Only who works on the chart needs it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from hack.embedded.parts.cache import build_once, content_key, run_tool

_PACKAGE: Final = "prometheus"
_HOST: Final = Path("/etc/os-release")
"""The program is linked against the libc of the Debian that its package is of."""


def find_promtool(cache: Path, logs: Path) -> Path:
    """The program, fetched once per machine (about ten seconds). Raises PlatformError when apt cannot get it."""
    folder = cache / f"promtool-{content_key([_PACKAGE, _HOST])}"
    return build_once(folder, lambda fresh: _fetch(fresh, logs / "build-promtool.log")) / "promtool"


def _fetch(folder: Path, log: Path) -> None:
    """Unpack the one program: to install its package would start a Prometheus on this machine."""
    run_tool(["apt-get", "update"], log=log)
    # apt's own user may not write here
    run_tool(["apt-get", "--option", "APT::Sandbox::User=root", "download", _PACKAGE], log=log, cwd=folder, attempts=3)
    (package,) = folder.glob("*.deb")
    unpacked = folder / "unpacked"
    run_tool(["dpkg-deb", "--extract", package, unpacked], log=log)
    (unpacked / "usr" / "bin" / "promtool").rename(folder / "promtool")
    package.unlink()
    shutil.rmtree(unpacked)
