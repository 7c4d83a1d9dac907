"""The images of services, operators and, without a registry, of the stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.instance import REPOSITORY
from hack.kind.checkout import OWN, Checkout
from hack.kind.engine import Engine
from hack.kind.images import Build, import_root
from hack.kind.parts import LOGS, Parts
from hack.kind.wheels import envoy_recipe, wheels_recipe

OFFICIAL: Final = ("kong:3.9", "mongo:8", "rabbitmq:4")
STAND_INS: Final = REPOSITORY / "hack" / "images"


@dataclass(frozen=True)
class Workloads:
    """Builds them with one daemon."""

    engine: Engine
    parts: Parts

    def own(self, checkout: Checkout, *, registry: bool) -> list[str]:
        """Build the images of a checkout's own. Returns their names. Raises PlatformError."""
        contexts, arguments = ({}, {}) if registry else self._without_index(checkout)
        for name, folder in zip(checkout.images, OWN.values(), strict=True):
            dockerfile = checkout.path / folder / "Dockerfile"
            build = Build(dockerfile, checkout.path, contexts, arguments, network="default" if registry else "none")
            with self.parts.board.row(name):
                build.run(self.engine, [name], LOGS / f"image-{name.replace('/', '-').replace(':', '-')}.log")
        return checkout.images

    def stand_ins(self, checkout: Checkout) -> list[str]:
        """Build the stand-ins of the official images. Returns their names. Raises PlatformError."""
        backing, ferretdb, envoy = self.parts.several(self.parts.backing(), self.parts.ferretdb(), envoy_recipe())
        base = {"BASE": import_root(self.engine, backing)}
        contexts, arguments = self._without_index(checkout)
        mongo, rabbitmq, kong = (STAND_INS / name for name in ("mongo", "rabbitmq", "kong"))
        builds: Mapping[str, Build] = {
            "mongo": Build(mongo / "Dockerfile", mongo, {"ferretdb": ferretdb / "bin"}, base),
            "rabbitmq": Build(rabbitmq / "Dockerfile", rabbitmq, {}, base),
            "kong": Build(kong / "Dockerfile", REPOSITORY, {**contexts, "envoy": envoy}, arguments),
        }
        names = []
        for official in OFFICIAL:
            name = f"{official}-stand-in"
            with self.parts.board.row(name):
                image = official.split(":", maxsplit=1)[0]
                builds[image].run(self.engine, [name], LOGS / f"image-{image}.log")
            names.append(name)
        return names

    def _without_index(self, checkout: Checkout) -> tuple[dict[str, Path], dict[str, str]]:
        """Contexts and arguments by which a Dockerfile takes wheels that were fetched, on a base that was made here."""
        wheels, python = self.parts.several(wheels_recipe(checkout.locks), self.parts.python_root())
        base = import_root(self.engine, python)
        return {"wheels": wheels}, {"BASE": base, "PIP_NO_INDEX": "1"}
