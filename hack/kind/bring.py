"""Bring a cluster up and take it down: which of the two ways, with what, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from hack.embedded.instance import REPOSITORY
from hack.embedded.progress import Board
from hack.kind.cluster import METRICS_SERVER_IMAGE, Cluster
from hack.kind.engine import Engine, running_engine, start_own, stop_own
from hack.kind.node import addons_image, node_image
from hack.kind.parts import Parts, open_parts
from hack.kind.workloads import OFFICIAL, Workloads, own_tag

RELEASE: Final = "shop"
STAND_IN_VALUES: Final = REPOSITORY / "hack" / "images" / "values-stand-ins.yaml"

STAND_INS: Final = (
    "node image: Debian with Kubernetes compiled from its Go modules, not kind's",
    "pod network: containerd's bridge plugin; it enforces no NetworkPolicy",
    "mongo: FerretDB on PostgreSQL; it does not confine users to their database",
    "kong: Envoy, compiled from the gateway file",
    "rabbitmq: RabbitMQ itself, from Debian",
    "python: Debian's, with locked wheels",
)


@dataclass(frozen=True)
class Way:
    """One of the two ways to a cluster."""

    engine: Engine
    parts: Parts
    registry: bool
    tag: str
    """Of the platform's own images: whoever edits a file meanwhile does not change what is being installed."""

    def describe(self) -> str:
        """For the person who waits."""
        daemon = "a docker daemon of our own" if self.engine.own else "the docker daemon that is up"
        images = "official images" if self.registry else "no registry: node image and stand-ins from package registries"
        return f"{daemon}; {images}"

    @property
    def stand_ins(self) -> Sequence[str]:
        """What is not what a user would run."""
        return () if self.registry else STAND_INS

    @property
    def cluster(self) -> Cluster:
        """The cluster, there or not."""
        kubectl = self.parts.kubernetes().get(self.parts.board) / "bin" / "kubectl"
        return Cluster(self.engine, self.parts.kind(), kubectl)

    def create(self) -> None:
        """Make the cluster, with DNS, metrics and volumes, unless it is there. Raises PlatformError."""
        if self.cluster.exists():
            return
        image = None if self.registry else node_image(self.engine, self.parts)
        with self.parts.board.row("cluster", "two nodes, usually a minute"):
            self.cluster.create(image)
        self._add_ons()

    def build_images(self) -> tuple[Sequence[str], Sequence[str]]:
        """Build the platform's own images; those of the backing services are pulled, or stand-ins. Returns both."""
        workloads = Workloads(self.engine, self.parts, self.tag)
        own = workloads.own(registry=self.registry)
        if not self.registry:
            return own, workloads.stand_ins()
        for name in OFFICIAL:
            with self.parts.board.row(name, "pulling"):
                self.engine.docker("pull", name)
        return own, OFFICIAL

    def load_images(self) -> None:
        """Give the images to the nodes. Raises PlatformError."""
        # apart, because kind sends all of a call's images as soon as one of them is new
        for images in self.build_images():
            with self.parts.board.row(f"load {images[0]}", "and the others to the nodes, up to two minutes"):
                self.cluster.load(images)

    def install(self) -> None:
        """Install the chart, or bring its release up to date, and wait until all is ready. Raises PlatformError."""
        self.cluster.run("apply", f"--filename={REPOSITORY / 'manifests' / 'namespace.yaml'}")
        values = [REPOSITORY / "values-kind.yaml", *([] if self.registry else [STAND_IN_VALUES])]
        options = [f"--values={path}" for path in values]
        options += [f"--set=global.image.tag={self.tag}", "--wait", "--timeout=10m"]
        with self.parts.board.row("install", "helm, usually two minutes"):
            self.cluster.helm(self.parts.helm(), "upgrade", "--install", RELEASE, REPOSITORY, *options)

    def _add_ons(self) -> None:
        """Kind's own nodes bring volumes; nobody brings metrics."""
        with self.parts.board.row("add-ons"):
            if self.registry:
                image = METRICS_SERVER_IMAGE
                self.engine.docker("pull", image)
                self.cluster.load([image])
            else:
                image = addons_image(self.engine, self.parts)
                self.cluster.load([image])
                self.cluster.add("volumes.yaml", {"ADDONS": image})
            self.cluster.add("metrics-server.yaml", {"METRICS_SERVER": image})
            self.cluster.wait_rolled_out("kube-system", "metrics-server")


def find_way(board: Board) -> Way:
    """Where a daemon is up it is used, else one of ours is started. Raises PlatformError where neither is possible."""
    parts = open_parts(board)
    engine = running_engine() or start_own(parts.docker())
    return Way(engine, parts, registry=engine.reaches_registry(OFFICIAL[0]), tag=own_tag())


def take_down(board: Board) -> bool:
    """Delete the cluster and end a daemon of ours. Returns whether there was one of the two."""
    engine = running_engine()
    if not engine:
        return stop_own()
    way = Way(engine, open_parts(board), registry=False, tag=own_tag())
    existed = way.cluster.exists()
    if existed:
        with board.row("cluster", "deleting"):
            way.cluster.delete()
    if engine.own:
        with board.row("docker daemon", "stopping"):
            engine.remove_networks()
            stop_own()
    return existed or engine.own


def show_stand_ins(way: Way, console: Console) -> None:
    """Say what was not the real thing."""
    if not way.stand_ins:
        console.print("no part was a stand-in", highlight=False)
        return
    console.print("stand-ins:", highlight=False)
    for stand_in in way.stand_ins:
        console.print(f"  {stand_in}", highlight=False)


def relative(path: Path) -> Path:
    """As a person in the checkout would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
