"""Built parts in the user's cache: built once per machine, found by what they are built from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError

_PAUSE: Final = 5.0
"""Seconds before a tool is run again; as many more before each further time."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CACHE_HOME/skald``, where XDG_CACHE_HOME is ``~/.cache`` when it is not set."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skald"


def content_key(ingredients: Iterable[str | Path]) -> str:
    """A short name for what a part is built from: texts, and the contents of files."""
    digest = hashlib.sha256()
    for ingredient in ingredients:
        content = ingredient.read_bytes() if isinstance(ingredient, Path) else ingredient.encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def build_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """The folder, built if it is not there yet.

    ``build`` fills an empty folder beside it, which then gets the name, so that an interrupted build leaves nothing
    that looks finished. Builds of one part wait for each other, across processes.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            try:
                build(unfinished)
                unfinished.chmod(0o755)
                unfinished.rename(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _run(argv: Sequence[str | Path], log: Path, cwd: Path | None, env: Mapping[str, str] | None) -> int:
    with log.open("w") as output:
        environment = {**os.environ, **(env or {})}
        return subprocess.run(argv, cwd=cwd, env=environment, stdout=output, stderr=output, check=False).returncode


def run_tool(
    argv: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    attempts: int = 1,
) -> None:
    """Run a build tool with its output in ``log``. Raises PlatformError with the last lines when it fails.

    ``attempts``: more than one for a tool that fetches much, as one lost connection would end it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    ended = 0
    for attempt in range(attempts):
        time.sleep(_PAUSE * attempt)
        if (ended := _run(argv, log, cwd, env)) == 0:
            break
    if ended != 0:
        lines = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-12:])
        raise PlatformError(
            f"{Path(argv[0]).name} {argv[1]} ended with {ended}:\n{lines}",
            f"the whole output is in {log}; a missing network is the usual reason: builds need the package registries",
        )
