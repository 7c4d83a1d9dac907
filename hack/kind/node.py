"""The image of a node, for kind: everything that runs on it comes from package registries."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hack.embedded.parts.cache import content_key
from hack.embedded.parts.programs import KUBERNETES_SOURCE, kubernetes_version
from hack.kind.engine import Engine
from hack.kind.images import Build, import_root
from hack.kind.parts import HERE, LOGS, Parts

FOLDER: Final = HERE / "node"
SYSTEM: Final = FOLDER / "system.Dockerfile"
PROGRAMS: Final = {
    "system": ("kubernetes", "coredns"),
    "pause": ("pausing",),
    "addons": ("metrics-server", "local-path"),
}
"""By target of the Dockerfile: the folders that it copies from."""
VERSION: Final = kubernetes_version((KUBERNETES_SOURCE / "go.mod").read_text("utf-8"))


def node_image(engine: Engine, parts: Parts) -> str:
    """The name of the node's image, built where the daemon lacks it. Raises PlatformError when the build fails."""
    names = ("kubernetes", "coredns", "pausing", "packet-filter", "node-root")
    recipes = (parts.kubernetes(), parts.coredns(), parts.pause(), parts.packet_filter(), parts.node_root())
    folders = dict(zip(names, parts.several(*recipes), strict=True))
    files = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    image = f"skald/node:{content_key([*files, *(folder.name for folder in folders.values())])}"
    if not engine.has_image(image):
        with parts.board.row("node-image", "building, once per version, usually a minute"):
            _build_node(engine, folders, image)
    return image


def addons_image(engine: Engine, parts: Parts) -> str:
    """The name of the image with metrics-server and the provisioner of volumes. Raises PlatformError as above."""
    names = ("metrics-server", "local-path", "packet-filter")
    recipes = (parts.metrics_server(), parts.local_path(), parts.packet_filter())
    folders = dict(zip(names, parts.several(*recipes), strict=True))
    image = f"skald/addons:{content_key([SYSTEM, *(folder.name for folder in folders.values())])}"
    if not engine.has_image(image):
        with parts.board.row("addons-image", "building, once per version"):
            _build_system(engine, folders, "addons", image)
    return image


def _build_node(engine: Engine, folders: Mapping[str, Path], image: str) -> None:
    folders = {**folders, "kubernetes": folders["kubernetes"] / "bin"}
    components, pause = control_plane_names(folders["kubernetes"])
    _build_system(engine, folders, "system", *components)
    _build_system(engine, folders, "pause", pause)
    with tempfile.TemporaryDirectory(dir=LOGS.parent) as images:
        engine.docker("save", "--output", Path(images, "system.tar"), *components, pause)
        base = import_root(engine, folders["node-root"])
        Build(
            FOLDER / "Dockerfile",
            FOLDER,
            contexts={"kubernetes": folders["kubernetes"], "images": Path(images)},
            arguments={"BASE": base, "KUBERNETES_VERSION": VERSION, "PAUSE": pause},
        ).run(engine, [image], LOGS / "image-node.log")


def _build_system(engine: Engine, folders: Mapping[str, Path], target: str, *names: str) -> None:
    base = import_root(engine, folders["packet-filter"])
    contexts = {name: folder for name, folder in folders.items() if name in PROGRAMS[target]}
    build = Build(SYSTEM, FOLDER, contexts, {"PACKET_FILTER": base}, target)
    build.run(engine, names, LOGS / f"image-{target}.log")


def control_plane_names(kubernetes: Path) -> tuple[list[str], str]:
    """The names by which kubeadm asks for its images: those of the components, and that of pause."""
    command = [
        str(kubernetes / "kubernetes"),
        "kubeadm",
        "config",
        "images",
        "list",
        f"--kubernetes-version=v{VERSION}",
    ]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    pause = next(name for name in names if "/pause:" in name)
    return [name for name in names if name != pause], pause
