"""What is built or fetched once per machine and shared by all checkouts: programs, and the private Debian root."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hack.embedded.parts.cache import build_once, cache_folder, content_key
from hack.embedded.parts.go import find_toolchain
from hack.embedded.parts.machine import refuse_unfit_machine
from hack.embedded.parts.programs import FERRETDB, build_ferretdb, build_kubernetes, kubernetes_ingredients
from hack.embedded.parts.root import DebianRoot, build_root, get_mmdebstrap, root_ingredients
from hack.embedded.progress import Board


@dataclass(frozen=True)
class Parts:
    """The built parts."""

    kubernetes: Path
    """Folder of kube-apiserver, kube-controller-manager, kubectl and etcd."""
    ferretdb: Path
    """The program."""
    root: DebianRoot


@dataclass(frozen=True)
class _Recipe:
    name: str
    usually: str
    folder: Path
    build: Callable[[Path], None]


def get_parts(board: Board, logs: Path) -> Parts:
    """The parts, built where they are missing; all at a time, since one waits for the network while another computes.

    Raises PlatformError when this machine cannot run them or a build fails.
    """
    refuse_unfit_machine()
    cache = cache_folder()
    go = find_toolchain(cache, logs)
    kubernetes = cache / f"kubernetes-{content_key(kubernetes_ingredients(go))}"
    ferretdb = cache / f"ferretdb-{content_key([FERRETDB, go.version])}"
    root = cache / f"root-{content_key(root_ingredients())}"

    def make_root(folder: Path) -> None:
        get_mmdebstrap(logs)
        build_root(folder, logs)

    recipes = (
        _Recipe("kubernetes", "5 to 10 minutes", kubernetes, lambda folder: build_kubernetes(folder, go, logs)),
        _Recipe("ferretdb", "1 to 2 minutes", ferretdb, lambda folder: build_ferretdb(folder, go, logs)),
        _Recipe("debian-root", "1 to 2 minutes", root, make_root),
    )
    missing = [recipe for recipe in recipes if not recipe.folder.exists()]
    with ThreadPoolExecutor(len(recipes)) as pool:
        for future in [pool.submit(_make, recipe, board) for recipe in missing]:
            future.result()
    return Parts(kubernetes / "bin", ferretdb / "bin" / "ferretdb", DebianRoot(root / "root"))


def _make(recipe: _Recipe, board: Board) -> None:
    with board.row(recipe.name, f"building, once per machine, usually {recipe.usually}"):
        build_once(recipe.folder, recipe.build)
