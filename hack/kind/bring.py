"""Bring a cluster up and take it down: which of the two ways, with what, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.root import get_mmdebstrap
from hack.embedded.progress import Board
from hack.kind.checkout import Checkout
from hack.kind.cluster import METRICS_SERVER_IMAGE, Cluster, cluster_nodes
from hack.kind.engine import Engine, running_engine, start_own, stop_own
from hack.kind.kubectl import RELEASE, kubectl
from hack.kind.listing import write_listings
from hack.kind.node import addons_image, node_image
from hack.kind.parts import LOGS, Parts, open_parts
from hack.kind.record import Installed
from hack.kind.workloads import OFFICIAL, Workloads

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
    checkout: Checkout

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
        return Cluster(self.engine, self.parts)

    def bring(self, images: Future[Sequence[str]]) -> None:
        """Make the cluster, unless it is there, and give it the images when they are built. Raises PlatformError."""
        self.create()
        self.load(images.result())

    def create(self) -> None:
        """Make the cluster, with DNS, metrics and volumes, unless it is there. Raises PlatformError."""
        if cluster_nodes(self.engine):
            self.cluster.connect()
            return
        image = None if self.registry else node_image(self.engine, self.parts)
        with self.parts.board.row("cluster", "two nodes, usually a minute"):
            self.cluster.create(image)
        with self.parts.board.row("add-ons"):
            self._add_ons()

    def build_images(self, *earlier: Checkout) -> Sequence[str]:
        """Build our own images, those of ``earlier`` releases too, and get those of the backing services.

        Returns all names. Raises PlatformError.
        """
        workloads = Workloads(self.engine, self.parts)
        own = workloads.own(self.checkout, registry=self.registry)
        for checkout in earlier:
            own += workloads.own(checkout, registry=self.registry)
        return [*own, *(self._pull_official() if self.registry else workloads.stand_ins(self.checkout))]

    def list_images(self) -> None:
        """Write down what this checkout's images hold. Raises PlatformError."""
        write_listings(self.engine, self.parts, self.checkout.images)

    def load(self, images: Sequence[str]) -> None:
        """Give the nodes those of these images that they lack. Raises PlatformError."""
        if lacking := self.cluster.lacking(images):
            with self.parts.board.row("load", f"{len(lacking)} images to the nodes, up to two minutes"):
                self.cluster.load(lacking)

    def install(self) -> None:
        """Install the chart, or bring its release up to date, and wait until all is ready. Raises PlatformError."""
        kubectl("apply", f"--filename={self.checkout.path / 'manifests' / 'namespace.yaml'}")
        options = [*self.checkout.options(registry=self.registry), "--wait", "--timeout=10m"]
        with self.parts.board.row("install", "helm, usually two minutes"):
            helm = self.parts.helm()
            self.cluster.helm(helm, "upgrade", "--install", RELEASE, self.checkout.path, *options)
        Installed(self.checkout.tag, self.registry, str(helm)).write()

    def _pull_official(self) -> Sequence[str]:
        for name in OFFICIAL:
            with self.parts.board.row(name, "pulling"):
                self.engine.docker("pull", name)
        return OFFICIAL

    def _add_ons(self) -> None:
        """Kind's own nodes bring volumes; nobody brings metrics, or a budget for DNS."""
        if self.registry:
            image = METRICS_SERVER_IMAGE
            self.engine.docker("pull", image)
        else:
            image = addons_image(self.engine, self.parts)
        self.cluster.load([image])
        if not self.registry:
            self.cluster.add("volumes.yaml", ADDONS=image)
        self.cluster.add("dns.yaml")
        self.cluster.add("metrics-server.yaml", METRICS_SERVER=image)
        self.cluster.wait_rolled_out("kube-system", "metrics-server")


def find_way(board: Board) -> Way:
    """Where a daemon is up it is used, else one of ours is started. Raises PlatformError where neither is possible."""
    parts = open_parts(board)
    engine = running_engine() or start_own(parts.docker())
    registry = engine.reaches_registry(OFFICIAL[0])
    if not registry:
        # here, because builds that run at a time would each start apt
        get_mmdebstrap(LOGS)
    return Way(engine, parts, registry, Checkout.at(REPOSITORY))


def cluster_is_up() -> bool:
    """Whether there is a cluster, whichever checkout made it."""
    engine = running_engine()
    return engine is not None and bool(cluster_nodes(engine))


def take_down(board: Board) -> bool:
    """Delete the cluster and end a daemon of ours. Returns whether there was one of the two."""
    engine = running_engine()
    if not engine:
        return stop_own()
    existed = bool(cluster_nodes(engine))
    if existed:
        with board.row("cluster", "deleting"):
            Cluster(engine, open_parts(board)).delete()
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
