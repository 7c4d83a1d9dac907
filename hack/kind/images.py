"""Build images with whatever docker daemon there is, with or without a network."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import run_tool
from hack.kind.engine import Engine


@dataclass(frozen=True)
class Build:
    """What an image is built from."""

    dockerfile: Path
    folder: Path
    """What it may copy from without a name."""
    contexts: Mapping[str, Path] = field(default_factory=dict)
    """Folders that it may copy from, by name."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    network: str = "none"

    def run(self, engine: Engine, names: Sequence[str], log: Path) -> None:
        """Build it under these names. Raises PlatformError with the last lines of ``log``."""
        options = [f"--network={self.network}", "--provenance=false", f"--file={self.dockerfile}"]
        options += [f"--tag={name}" for name in names]
        options += [f"--target={self.target}"] if self.target else []
        options += [f"--build-arg={name}={value}" for name, value in self.arguments.items()]
        options += [f"--build-context={name}={path}" for name, path in self.contexts.items()]
        run_tool(["docker", "buildx", "build", "--progress=plain", *options, str(self.folder)], log=log, env=engine.env)


def import_root(engine: Engine, part: Path) -> str:
    """Make a Debian root an image, named after the part that it is. Returns the name. Raises PlatformError.

    It lies in the part's folder as ``root.tar`` or as the folder ``root``.
    """
    name, _, key = part.name.rpartition("-")
    image = f"skald/{name}:{key}"
    if engine.has_image(image):
        return image
    if (part / "root.tar").exists():
        engine.docker("import", part / "root.tar", image)
        return image
    pack = ["tar", "--create", "--numeric-owner", "--directory", str(part / "root"), "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        done = subprocess.run(
            ["docker", "import", "-", image], env=engine.env, stdin=packing.stdout, capture_output=True, check=False
        )
    if done.returncode != 0:
        raise PlatformError(f"docker import of {part} failed: {done.stderr.decode(errors='replace').strip()}")
    return image
