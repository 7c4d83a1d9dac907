"""The saga operator and the services: one process per role."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY, Instance
from hack.embedded.probes import answers
from hack.embedded.processes.environment import Environment
from hack.embedded.processes.model import Probe, Process, Task

Role = Literal["web", "worker", "grpc"]

SERVICES: Final[dict[str, tuple[Role, ...]]] = {
    "identity": ("web",),
    "catalog": ("web", "grpc"),
    "orders": ("web", "worker"),
    "inventory": ("web", "worker"),
    "payments": ("web", "worker"),
    "shipping": ("web", "worker"),
}
PROVIDER: Final = "test-provider"
"""The payment provider that tests and the demo pay with: a service with a ledger of its own, behind no gateway."""

DATABASE_USERS: Final = (*SERVICES, PROVIDER)
SEEDED: Final = ("identity", "catalog", "inventory", "payments")

_STORE: Final = frozenset({"ferretdb", "tokens"})


@dataclass(frozen=True)
class Services:
    """The Python processes of one instance."""

    instance: Instance
    environment: Environment

    def processes(self) -> list[Process]:
        """The operator first, then services by name and role."""
        roles = [self._role(service, role) for service, its_roles in SERVICES.items() for role in its_roles]
        return [self._operator(), *roles, self._test_provider()]

    def seeds(self) -> list[Task]:
        """Demo data for the services that have some, which has to be there before they are used."""
        return [Task(f"{name}-seed", partial(self._seed_once, name), needs=_STORE) for name in SEEDED]

    def seed(self, service: str) -> None:
        """Run ``python -m SERVICE seed``. Raises PlatformError with its last lines."""
        environment = {**os.environ, **self.environment.seed(service)}
        done = subprocess.run(
            _module(service, "seed"), env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        self.instance.log(f"{service}-seed").write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            lines = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise PlatformError(f"python -m {service} seed ended with {done.returncode}:\n{lines}")

    def _seed_once(self, service: str) -> None:
        """Once per state: finding that nothing is to be done would cost each start a second of CPU per service."""
        mark = self.instance.state / "seeded" / service
        if not mark.exists():
            self.seed(service)
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()

    def _operator(self) -> Process:
        return Process(
            name="saga-operator",
            command=_module("saga_operator", "run"),
            env=self.environment.operator(),
            needs=frozenset({"kinds", "tokens", "rabbitmq"}),
            ready=self._ready("saga-operator-metrics"),
        )

    def _test_provider(self) -> Process:
        return Process(
            name=PROVIDER,
            command=_module("test_provider"),
            env=self.environment.web(PROVIDER, PROVIDER),
            needs=_STORE,
            ready=self._ready(PROVIDER),
        )

    def _role(self, service: str, role: Role) -> Process:
        name = f"{service}-{role}"
        command = _module(service, role)
        match role:
            case "web":
                return Process(name, command, self._ready(name), _STORE, self.environment.web(service, name))
            case "grpc":
                ready = self._ready(f"{name}-metrics")
                return Process(name, command, ready, _STORE, self.environment.grpc(service, name))
            case "worker":
                ready = self._ready(f"{name}-metrics")
                return Process(name, command, ready, _STORE | {"rabbitmq"}, self.environment.worker(service, name))

    def _ready(self, port: str) -> Probe:
        return answers(f"http://{self.instance.ports.address(port)}/readyz")


def _module(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)
