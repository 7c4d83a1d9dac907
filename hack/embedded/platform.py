"""A running instance as tests, the demo and the benchmark see it: addresses, passwords, and hands on its processes."""

from __future__ import annotations

import json
import shutil
import signal as signals
import time
import urllib.request
import uuid
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from pymongo import MongoClient
from pymongo.database import Database
from rich.console import Console

from hack.embedded.broker import ADMIN, load_topology, render_definitions
from hack.embedded.catalogue import Catalogue
from hack.embedded.errors import PlatformError
from hack.embedded.instance import NAMESPACE, Instance, open_instance
from hack.embedded.lifecycle import load, restart, up
from hack.embedded.manifests import apply_namespace
from hack.embedded.plan import start
from hack.embedded.processes.environment import CLIENTS
from hack.embedded.processes.kubernetes import kubectl
from hack.embedded.processtree import signal_tree
from hack.embedded.supervisor import Supervisor


@dataclass
class Platform:
    """One instance that is up. Close it to drop the vhosts, namespaces and databases that it made."""

    instance: Instance
    catalogue: Catalogue
    namespace: str = NAMESPACE
    _made: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def gateway(self) -> str:
        """Base URL of the front door."""
        return self.instance.gateway_url

    @property
    def home(self) -> Path:
        """The folder of state and logs."""
        return self.instance.home

    @property
    def logs(self) -> Path:
        """The folder of one log file per process."""
        return self.instance.logs

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.instance.kubeconfig

    @property
    def kubectl(self) -> Path:
        """kubectl, pointed at this instance."""
        return self.instance.kubectl

    @property
    def kubernetes_url(self) -> str:
        """The API server."""
        return self.instance.kubernetes_url

    @property
    def admin_token(self) -> str:
        """The Kubernetes administrator's bearer token."""
        return self.catalogue.control_plane.admin_token

    @property
    def ca_file(self) -> Path:
        """What proves the API server."""
        return self.instance.ca_file

    @property
    def broker_management(self) -> tuple[str, str, str]:
        """RabbitMQ's HTTP API: URL, administrator, password."""
        url = f"http://{self.instance.ports.address('rabbitmq-management')}"
        return url, ADMIN, self.catalogue.broker.password(ADMIN)

    def amqp_url(self, user: str, vhost: str = NAMESPACE) -> str:
        """Where a broker user finds the broker."""
        return self.catalogue.environment.amqp_url(user, vhost)

    def mongodb_uri(self, service: str, database: str | None = None) -> str:
        """Where a service finds its own database, or another one."""
        return self.catalogue.environment.mongodb_uri(service, service if database is None else database)

    def tokens_dir(self, account: str) -> Path:
        """The projected tokens of a service account, one file per audience."""
        return self.instance.tokens_dir(account)

    def client_secret(self, client: str) -> str:
        """The secret of a demo client."""
        if client not in CLIENTS:
            raise PlatformError(f"no demo client is called {client!r}", f"one of: {', '.join(CLIENTS)}")
        return self.catalogue.environment.client_secret()

    def port(self, name: str) -> int:
        """A port by name, for example ``orders-web`` or ``orders-worker-metrics``."""
        return self.instance.ports[name]

    def env(self, process: str) -> dict[str, str]:
        """The environment that a process gets."""
        return dict(self.catalogue.process(process).env)

    def seed(self, service: str) -> None:
        """Run the service's ``seed`` role."""
        self.catalogue.services.seed(service)

    def pid(self, process: str) -> int:
        """Its process id; 0 while it does not run."""
        return self._supervisor.info(process).pid

    def start(self, process: str) -> None:
        """Start a process that was stopped, and wait until it is ready."""
        start(self.catalogue.process(process), self.instance, self._supervisor)

    def stop(self, process: str) -> None:
        """Stop a process in good order, and wait for its end."""
        self._supervisor.stop(process)

    def restart(self, process: str) -> None:
        """Stop, start, and wait until it is ready."""
        restart(self.catalogue.process(process), self.instance, self._supervisor)

    def kill(self, process: str, signal: signals.Signals = signals.SIGKILL) -> None:
        """Send a signal to a process and all it started. One that dies of it is started again by the supervisor."""
        pid = self.pid(process)
        if not pid:
            raise PlatformError(f"{process} does not run, so nothing can be sent to it")
        # looked up first: once killed, the supervisor may have reaped it before it can be asked for
        victim = psutil.Process(pid)
        signal_tree(pid, signal)
        if signal == signals.SIGKILL:
            psutil.wait_procs([victim], timeout=10)

    def wait_ready(self, process: str) -> None:
        """Wait until a process does its work, however often it dies before.

        Raises PlatformError when its patience is over.
        """
        waited_for = self.catalogue.process(process)
        deadline = time.monotonic() + waited_for.patience
        while not waited_for.ready():
            if time.monotonic() > deadline:
                raise PlatformError(f"{process} did not become ready again", f"look into {self.instance.log(process)}")
            time.sleep(0.1)

    def wipe_broker(self) -> None:
        """Start the broker again without any of its data, as after the loss of its disk."""
        self.stop("rabbitmq")
        shutil.rmtree(self.catalogue.broker.folder / "data")
        self.start("rabbitmq")

    def new_vhost(self) -> str:
        """A vhost of its own, with the same topology and rights as the shop's. Returns its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self._manage("POST", "definitions", render_definitions(load_topology(), name, {}))
        self._made.callback(self._manage, "DELETE", f"vhosts/{quote(name, safe='')}")
        return name

    def new_namespace(self) -> str:
        """A Kubernetes namespace of its own, with service accounts and rights like the shop's. Returns its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        apply_namespace(self.instance, name)
        self._made.callback(kubectl, self.instance, ["delete", "namespace", name, "--wait=false", "--ignore-not-found"])
        return name

    def new_database(self, service: str) -> str:
        """The name of a database that nobody used before; its user is the service's."""
        name = f"{service}-{uuid.uuid4().hex[:12]}"
        self._made.callback(self._mongo(service).drop_database, name)
        return name

    def database(self, service: str) -> Database[dict[str, Any]]:
        """A service's own database, as the service sees it."""
        return self._mongo(service)[service]

    def close(self) -> None:
        """Drop what this object made."""
        self._made.close()

    @property
    def _supervisor(self) -> Supervisor:
        return Supervisor(self.instance)

    def _mongo(self, service: str) -> MongoClient[dict[str, Any]]:
        client: MongoClient[dict[str, Any]] = MongoClient(self.mongodb_uri(service), tz_aware=True)
        self._made.callback(client.close)
        return client

    def _manage(self, method: str, path: str, body: object = None) -> None:
        url, user, password = self.broker_management
        request = urllib.request.Request(  # noqa: S310 - our own loopback
            f"{url}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            return


def open_platform(instance: str = "main", *, only_parts: bool = False) -> Platform:
    """The instance of that name, brought up if it is not. Raises PlatformError when it does not come up."""
    opened = open_instance(instance)
    console = Console(stderr=True)
    up(opened, console, only_parts=only_parts)
    return Platform(opened, load(opened, console))
