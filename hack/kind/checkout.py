"""A checkout of this repository whose chart and images go into a cluster: this one, or an earlier release's."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import content_key

OWN: Final = {
    **{name: f"services/{name}" for name in ("catalog", "identity", "inventory", "orders", "payments", "shipping")},
    "gateway-keys": "operators/gateway-keys",
    "saga-operator": "operators/saga",
}
"""By name of the image: the folder of its Dockerfile."""
STAND_IN_VALUES: Final = REPOSITORY / "hack" / "images" / "values-stand-ins.yaml"
PREVIOUS_RELEASE: Final = REPOSITORY / "tests" / "e2e" / "previous-release"
"""A file that holds the commit from which an upgrade must work."""


@dataclass(frozen=True)
class Checkout:
    """Chart and sources, with the tag that its images have."""

    path: Path
    tag: str
    """Changes with anything that goes into the images. Taken once: whoever edits a file meanwhile changes nothing."""

    @classmethod
    def at(cls, path: Path) -> Checkout:
        """The checkout in this folder, as it is now."""
        return cls(path, f"dev-{content_key(_sources(path))}")

    @property
    def images(self) -> list[str]:
        """The names of its images."""
        return [f"skald/{image}:{self.tag}" for image in OWN]

    @property
    def locks(self) -> Sequence[Path]:
        """The third-party packages of its images."""
        return [self.path / "requirements" / name for name in ("runtime.lock", "build.lock")]

    def options(self, *, registry: bool) -> list[str]:
        """What Helm is told to install its chart on a kind cluster, beside the release's name."""
        values = [self.path / "values-kind.yaml", *([] if registry else [STAND_IN_VALUES])]
        return [*(f"--values={path}" for path in values), f"--set=global.image.tag={self.tag}"]


def previous_release(home: Path) -> Checkout:
    """The release before this one, laid out in ``home``. Raises PlatformError when this clone does not have it."""
    commit = PREVIOUS_RELEASE.read_text("utf-8").strip()
    folder = home / f"release-{commit[:12]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=home) as unfinished:
            _lay_out(commit, Path(unfinished, "files"))
            for old in home.glob("release-*"):
                shutil.rmtree(old)
            Path(unfinished, "files").rename(folder)
    return Checkout.at(folder)


def _lay_out(commit: str, folder: Path) -> None:
    folder.mkdir()
    command = ["git", "archive", commit]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as archive:
        assert archive.stderr is not None
        unpacked = subprocess.run(["tar", "--extract", "--directory", folder], stdin=archive.stdout, check=False)
        complaint = archive.stderr.read().decode(errors="replace").strip()
    if archive.returncode != 0 or unpacked.returncode != 0:
        raise PlatformError(
            f"this clone does not have {commit}, which the file {PREVIOUS_RELEASE.name} names: {complaint}",
            "a shallow clone lacks it; run: git fetch --unshallow",
        )


def _sources(path: Path) -> Iterator[Path]:
    yield from (path / "requirements" / name for name in ("runtime.lock", "build.lock"))
    for folder in (*OWN.values(), "services/chassis", "services/contracts"):
        yield path / folder / "pyproject.toml"
        yield from (path / folder).glob("Dockerfile")
        sources = sorted((path / folder / "src").rglob("*"))
        yield from (file for file in sources if file.is_file() and "__pycache__" not in file.parts)
