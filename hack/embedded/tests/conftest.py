from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from skald.testing.ports import free_port

from hack.embedded.instance import Instance
from hack.embedded.ports import Ports
from hack.embedded.probes import answers
from hack.embedded.processes.model import Process
from hack.embedded.supervisor import Supervisor, end_strays

ANSWERS_REQUESTS = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """An instance whose processes are small web servers; whatever a test leaves running is ended."""
    ports = Ports({"etcd": free_port(), "apiserver": free_port(), "gateway": free_port()})
    made = Instance("unit", tmp_path / "home", ports)
    yield made
    supervisor = Supervisor(made)
    if supervisor.is_up():
        supervisor.shut_down()
    end_strays(made)
    made.socket.unlink(missing_ok=True)


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=120, force_terminal=False)


def web_server(instance: Instance, name: str, *needs: str) -> Process:
    """A process that is ready as soon as it answers on the port of its name."""
    port = instance.ports[name]
    ready = answers(f"http://127.0.0.1:{port}/")
    return Process(name, (*ANSWERS_REQUESTS, str(port)), ready, frozenset(needs), patience=20)
