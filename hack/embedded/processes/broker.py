"""RabbitMQ in the private root, with everything declared before the first client connects."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.broker import ADMIN, broker_users, hash_password, load_topology, render_definitions
from hack.embedded.credentials import Credentials
from hack.embedded.instance import NAMESPACE, Instance
from hack.embedded.parts.root import DebianRoot
from hack.embedded.probes import all_of, answers, listens
from hack.embedded.processes.model import Process

_USER: Final = "rabbitmq"

SLEEPING_SCHEDULERS: Final = "+sbwt none +sbwtdcpu none +sbwtdio none"
"""Erlang's flags for schedulers that sleep when they wait for work, instead of spinning: the cores are others', too."""
# no shell, and a distribution port that only this machine reaches
_ERLANG: Final = f"-noinput {SLEEPING_SCHEDULERS} -kernel inet_dist_use_interface {{127,0,0,1}}"


@dataclass(frozen=True)
class Broker:
    """epmd (Erlang's port mapper) and RabbitMQ of one instance."""

    instance: Instance
    root: DebianRoot
    credentials: Credentials

    def processes(self) -> list[Process]:
        """In the order in which they start. With epmd under the supervisor, RabbitMQ leaves none of its own behind."""
        return [self._epmd(), self._rabbitmq()]

    def password(self, user: str) -> str:
        """A broker user's password."""
        return self.credentials.password(f"broker/{user}")

    @property
    def folder(self) -> Path:
        """RabbitMQ's state; its messages lie in ``data``."""
        return self.instance.state / "rabbitmq"

    def _epmd(self) -> Process:
        port = self.instance.ports["epmd"]
        folder = self.instance.state / "epmd"
        return Process(
            name="epmd",
            command=self.root.command(_USER, folder, ["epmd", "-address", "127.0.0.1", "-port", str(port)]),
            folder=folder,
            owner=self.root.uid(_USER),
            ready=listens(port),
        )

    def _rabbitmq(self) -> Process:
        ports = self.instance.ports
        env = {
            "RABBITMQ_NODENAME": "skald@localhost",
            "RABBITMQ_CONFIG_FILE": "/inst/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_MNESIA_BASE": "/inst/data",
            "RABBITMQ_LOG_BASE": "/inst/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "/inst/enabled_plugins",
            "RABBITMQ_DIST_PORT": str(ports["rabbitmq-distribution"]),
            # makes the start script become Erlang instead of waiting for it, so that signals reach the broker
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(ports["epmd"]),
        }
        admin = base64.b64encode(f"{ADMIN}:{self.password(ADMIN)}".encode()).decode()
        return Process(
            name="rabbitmq",
            command=self.root.command(_USER, self.folder, ["rabbitmq-server"], env),
            folder=self.folder,
            owner=self.root.uid(_USER),
            files={
                self.folder / "rabbitmq.conf": self._config(),
                self.folder / "enabled_plugins": "[rabbitmq_management,rabbitmq_prometheus].\n",
                self.folder / "definitions.json": self._definitions(),
            },
            needs=frozenset({"epmd"}),
            ready=all_of(
                listens(ports["rabbitmq"]),
                answers(
                    f"http://{ports.address('rabbitmq-management')}/api/health/checks/ready-to-serve-clients",
                    headers={"Authorization": f"Basic {admin}"},
                ),
            ),
        )

    def _config(self) -> str:
        ports = self.instance.ports
        settings = {
            "listeners.tcp.local": ports.address("rabbitmq"),
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": ports["rabbitmq-management"],
            "prometheus.tcp.ip": "127.0.0.1",
            "prometheus.tcp.port": ports["rabbitmq-metrics"],
            "definitions.import_backend": "local_filesystem",
            "definitions.local.path": "/inst/definitions.json",
            "definitions.skip_if_unchanged": "true",
            "log.console": "true",
            "log.console.formatter": "json",
            "vm_memory_high_watermark.absolute": "512MB",
            "disk_free_limit.absolute": "1GB",
        }
        return "".join(f"{name} = {value}\n" for name, value in settings.items())

    def _definitions(self) -> str:
        topology = load_topology()
        hashes = {user: self._password_hash(user) for user in broker_users(topology)}
        return json.dumps(render_definitions(topology, NAMESPACE, hashes), indent=1)

    def _password_hash(self, user: str) -> str:
        """The same at each start, so that the broker sees that nothing changed."""
        salt = bytes.fromhex(self.credentials.password(f"broker/{user}.salt"))[:4]
        return hash_password(self.password(user), salt)
