"""What a cluster without a registry is made of: built or fetched once per machine, shared by all checkouts."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import build_once, cache_folder, content_key
from hack.embedded.parts.go import Toolchain, find_toolchain
from hack.embedded.parts.helm import find_helm
from hack.embedded.parts.programs import FERRETDB, build_ferretdb, build_kubernetes, kubernetes_ingredients
from hack.embedded.parts.root import build_root, install_packages, root_ingredients
from hack.embedded.progress import Board
from hack.kind import debian

HERE: Final = Path(__file__).parent
LOGS: Final = REPOSITORY / ".platform" / "kind" / "logs"

KIND: Final = "sigs.k8s.io/kind@v0.33.0"
METRICS_SERVER: Final = "sigs.k8s.io/metrics-server/cmd/metrics-server@v0.9.0"
LOCAL_PATH: Final = "github.com/rancher/local-path-provisioner@v0.0.30"


@dataclass(frozen=True)
class Recipe:
    """How one part is made."""

    name: str
    usually: str
    ingredients: Sequence[str | Path]
    build: Callable[[Path], None]

    def get(self, board: Board) -> Path:
        """The folder of the part, built if it is not there. Raises PlatformError when that fails."""
        folder = cache_folder() / f"{self.name}-{content_key(self.ingredients)}"
        if not folder.exists():
            with board.row(self.name, f"building, once per machine, usually {self.usually}"):
                build_once(folder, self.build)
        return folder


@dataclass(frozen=True)
class Parts:
    """Makes the parts that are asked for."""

    board: Board
    go: Toolchain

    def kind(self) -> Path:
        """The program."""
        return self._installed("kind", KIND, "a minute").get(self.board) / "kind"

    def helm(self) -> Path:
        """The program, in its current line."""
        return find_helm(4, cache_folder(), LOGS)

    def docker(self) -> Path:
        """The folder of a docker daemon's programs. Raises PlatformError where this machine lacks what they call."""
        _install_runtime()
        return self._debian("docker", debian.DOCKER, "a minute", debian.build_docker).get(self.board)

    def several(self, *recipes: Recipe) -> list[Path]:
        """Several at a time, since one waits for the network while another computes."""
        with ThreadPoolExecutor(len(recipes)) as pool:
            return [made.result() for made in [pool.submit(recipe.get, self.board) for recipe in recipes]]

    def kubernetes(self) -> Recipe:
        """``bin/kubernetes``, the same program as the embedded platform's."""
        return Recipe(
            "kubernetes",
            "5 to 10 minutes",
            kubernetes_ingredients(self.go),
            lambda folder: build_kubernetes(folder, self.go, LOGS),
        )

    def backing(self) -> Recipe:
        """``root``, the embedded platform's Debian root of broker and database."""
        return Recipe("root", "1 to 2 minutes", root_ingredients(), lambda folder: build_root(folder, LOGS))

    def ferretdb(self) -> Recipe:
        """``bin/ferretdb``."""
        return Recipe(
            "ferretdb",
            "1 to 2 minutes",
            [FERRETDB, self.go.version],
            lambda folder: build_ferretdb(folder, self.go, LOGS),
        )

    def coredns(self) -> Recipe:
        """``coredns``."""
        return self._compiled("coredns", "2 minutes")

    def pause(self) -> Recipe:
        """``pause``."""
        return self._compiled("pause", "seconds")

    def metrics_server(self) -> Recipe:
        """``metrics-server``."""
        return self._installed("metrics-server", METRICS_SERVER, "3 minutes")

    def local_path(self) -> Recipe:
        """``local-path-provisioner``."""
        return self._installed("local-path-provisioner", LOCAL_PATH, "2 minutes")

    def node_root(self) -> Recipe:
        """``root.tar``."""
        return self._debian("node-root", debian.NODE, "1 to 3 minutes")

    def packet_filter(self) -> Recipe:
        """``root.tar``."""
        return self._debian("packet-filter", debian.PACKET_FILTER, "half a minute", debian.build_packet_filter)

    def python_root(self) -> Recipe:
        """``root.tar``."""
        return self._debian("python-root", debian.PYTHON, "a minute")

    def _installed(self, name: str, module: str, usually: str) -> Recipe:
        def build(folder: Path) -> None:
            arguments = ["install", "-trimpath", "-ldflags=-s -w", module]
            self.go.build(arguments, log=LOGS / f"build-{name}.log", bin_folder=folder)

        return Recipe(name, usually, [module, self.go.version], build)

    def _compiled(self, name: str, usually: str) -> Recipe:
        source = HERE / name

        def build(folder: Path) -> None:
            arguments = ["build", "-trimpath", "-ldflags=-s -w", "-o", str(folder / name), "."]
            self.go.build(arguments, log=LOGS / f"build-{name}.log", cwd=source, bin_folder=folder)

        return Recipe(name, usually, [*sorted(source.iterdir()), self.go.version], build)

    def _debian(
        self, name: str, root: debian.Root, usually: str, build: Callable[[Path, Path], None] | None = None
    ) -> Recipe:
        """``root.tar`` from the root as it is, or what ``build`` makes of it."""
        log = LOGS / f"build-{name}.log"
        if build is None:
            return Recipe(name, usually, root.ingredients, lambda folder: root.build(folder / "root.tar", log))
        return Recipe(name, usually, [*root.ingredients, inspect.getsource(build)], lambda folder: build(folder, log))


def _install_runtime() -> None:
    """What the daemon calls and this machine has a fitting version of. Raises PlatformError where apt fails."""
    packages = {"runc": "runc", "iptables-save": "iptables"}
    if missing := [package for program, package in packages.items() if not shutil.which(program)]:
        install_packages(missing, LOGS)


def open_parts(board: Board) -> Parts:
    """With the Go toolchain that builds them."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return Parts(board, find_toolchain(cache_folder(), LOGS))
