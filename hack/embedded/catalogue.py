"""Everything that runs, of one instance, and in which order it comes up."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from hack.embedded.credentials import Credentials
from hack.embedded.errors import PlatformError
from hack.embedded.instance import NAMESPACE, Instance
from hack.embedded.manifests import apply_kinds, apply_namespace
from hack.embedded.parts import Parts
from hack.embedded.processes.broker import Broker
from hack.embedded.processes.database import Database
from hack.embedded.processes.environment import Environment
from hack.embedded.processes.gateway import gateway_process
from hack.embedded.processes.kubernetes import ControlPlane
from hack.embedded.processes.model import Node, Process, Task
from hack.embedded.processes.services import DATABASE_USERS, Services
from hack.embedded.tokens import is_fresh, token_files

INFRASTRUCTURE: Final = ("controller-manager", "kinds", "tokens", "ferretdb", "rabbitmq")
"""What the services stand on; with what these need, all of ``up --parts``."""


@dataclass(frozen=True)
class Catalogue:
    """The processes and tasks of one instance, and the parts of the platform that they come from."""

    instance: Instance
    credentials: Credentials
    control_plane: ControlPlane
    database: Database
    broker: Broker
    environment: Environment
    services: Services

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """By name, parts before services."""
        nodes: list[Node] = [
            *self.control_plane.processes(),
            Task("namespace", self._make_namespace, needs=frozenset({"apiserver"})),
            Task("kinds", partial(apply_kinds, self.instance), needs=frozenset({"namespace"})),
            self._tokens(),
            *self.database.nodes(),
            *self.broker.processes(),
            *self.services.processes(),
            gateway_process(self.instance),
            *self.services.seeds(),
            Task("analyze", self.database.analyze, needs=frozenset(task.name for task in self.services.seeds())),
        ]
        return {node.name: node for node in nodes}

    def process(self, name: str) -> Process:
        """One process. Raises PlatformError when there is none of that name."""
        node = self.nodes.get(name)
        if not isinstance(node, Process):
            known = ", ".join(process.name for process in self.processes)
            raise PlatformError(f"no process is called {name!r}", f"one of: {known}")
        return node

    @property
    def processes(self) -> list[Process]:
        """What the supervisor keeps."""
        return [node for node in self.nodes.values() if isinstance(node, Process)]

    def _make_namespace(self) -> None:
        self.control_plane.hand_out_access()
        apply_namespace(self.instance)

    def _tokens(self) -> Process:
        folder = self.instance.state / "tokens"
        files = token_files(folder)
        command = [sys.executable, "-m", "hack.embedded.tokens", "--server", self.instance.kubernetes_url]
        command += ["--ca-file", str(self.instance.ca_file), "--namespace", NAMESPACE, "--folder", str(folder)]
        return Process(
            name="tokens",
            command=(*command, "--token-file", str(self.credentials.file("kubernetes/admin"))),
            folder=folder,
            needs=frozenset({"namespace"}),
            ready=lambda: all(is_fresh(file, time.time()) for file in files),
        )


def catalogue(instance: Instance, parts: Parts) -> Catalogue:
    """Wire it all up for one instance."""
    credentials = Credentials(instance.credentials)
    environment = Environment(instance, credentials)
    return Catalogue(
        instance=instance,
        credentials=credentials,
        control_plane=ControlPlane(instance, parts, credentials),
        database=Database(instance, parts, credentials, DATABASE_USERS),
        broker=Broker(instance, parts.root, credentials),
        environment=environment,
        services=Services(instance, environment),
    )
