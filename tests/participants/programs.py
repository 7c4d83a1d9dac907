"""The examples that must be compiled: built once per machine, by the Go that builds the platform's own parts."""

from __future__ import annotations

from pathlib import Path

from hack.embedded.parts.cache import build_once, cache_folder, content_key
from hack.embedded.parts.go import find_toolchain

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "participants"


def build_go(logs: Path) -> Path:
    """The folder with ``participant``, and with ``wire.test``, which holds its canonical JSON against vectors."""
    source = EXAMPLES / "go"
    go = find_toolchain(cache_folder(), logs)
    sources = [*sorted(source.rglob("*.go")), source / "go.mod", source / "go.sum"]

    def build(folder: Path) -> None:
        for arguments in (
            ["build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / "participant"), "."],
            ["test", "-trimpath", "-c", "-o", str(folder / "wire.test"), "./wire"],
        ):
            go.build(arguments, log=logs / f"go-{arguments[0]}.log", cwd=source, bin_folder=folder)

    return build_once(cache_folder() / f"participant-go-{content_key([*sources, go.version])}", build)
