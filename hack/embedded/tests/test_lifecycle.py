"""up and down as a person meets them, over small processes in the place of the real ones."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import psutil
import pytest
from rich.console import Console

from hack.embedded import lifecycle
from hack.embedded.errors import PlatformError
from hack.embedded.instance import Instance
from hack.embedded.lifecycle import down, up
from hack.embedded.processes.model import Node, Process, Task
from hack.embedded.supervisor import Supervisor
from hack.embedded.tests.conftest import web_server


@dataclass
class SmallCatalogue:
    """What ``up`` asks of a catalogue."""

    instance: Instance
    done: list[str] = field(default_factory=list)
    changes: Callable[[Process], Process] = lambda process: process

    @property
    def nodes(self) -> Mapping[str, Node]:
        nodes: list[Node] = [
            self.changes(web_server(self.instance, "etcd")),
            Task("manifests", lambda: self.done.append("applied"), frozenset({"etcd"})),
            web_server(self.instance, "apiserver", "manifests"),
            web_server(self.instance, "gateway", "apiserver"),
        ]
        return {node.name: node for node in nodes}

    @property
    def processes(self) -> list[Process]:
        return [node for node in self.nodes.values() if isinstance(node, Process)]


@pytest.fixture
def catalogue(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> SmallCatalogue:
    made = SmallCatalogue(instance)
    monkeypatch.setattr(lifecycle, "load", lambda *_: made)
    monkeypatch.setattr(lifecycle, "INFRASTRUCTURE", ("apiserver",))
    return made


def pids(instance: Instance) -> dict[str, int]:
    return {info.name: info.pid for info in Supervisor(instance).all() if info.alive}


def kill_supervisor(instance: Instance) -> None:
    daemon = psutil.Process(int((instance.run / "supervisord.pid").read_text()))
    daemon.send_signal(signal.SIGKILL)
    psutil.wait_procs([daemon], timeout=10)


def test_a_second_up_changes_nothing(instance: Instance, console: Console, catalogue: SmallCatalogue) -> None:
    assert up(instance, console)
    running = pids(instance)
    assert running.keys() == {"etcd", "apiserver", "gateway"}
    assert not up(instance, console)
    assert pids(instance) == running
    assert catalogue.done == ["applied"]


def test_the_parts_alone_and_then_the_rest(instance: Instance, console: Console, catalogue: SmallCatalogue) -> None:
    assert up(instance, console, only_parts=True)
    running = pids(instance)
    assert running.keys() == {"etcd", "apiserver"}
    assert up(instance, console)
    assert pids(instance) == {**running, "gateway": pids(instance)["gateway"]}
    assert not up(instance, console, only_parts=True)


def test_what_was_killed_comes_back_and_the_rest_is_left_alone(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    up(instance, console)
    running = pids(instance)
    Supervisor(instance).stop("gateway")
    assert up(instance, console)
    assert pids(instance).keys() == running.keys()
    assert pids(instance)["etcd"] == running["etcd"]


def test_a_change_restarts_what_it_concerns_even_if_only_the_parts_are_asked_for(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    up(instance, console)
    running = pids(instance)
    catalogue.changes = lambda process: replace(process, files={instance.run / "etcd.conf": "new"})
    assert up(instance, console, only_parts=True)
    assert pids(instance)["etcd"] != running["etcd"]
    assert pids(instance)["gateway"] == running["gateway"]
    assert (instance.run / "etcd.conf").read_text() == "new"


def test_up_heals_what_a_killed_supervisor_left_behind(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    up(instance, console)
    orphans = pids(instance)
    kill_supervisor(instance)
    assert up(instance, console)
    assert pids(instance).keys() == orphans.keys()
    assert not any(psutil.pid_exists(pid) for pid in orphans.values())
    assert "ended 3 processes that an earlier supervisor left behind" in console.export_text()


def test_down_ends_what_a_killed_supervisor_left_behind(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    up(instance, console)
    orphans = pids(instance)
    kill_supervisor(instance)
    assert down(instance, console)
    assert not any(psutil.pid_exists(pid) for pid in orphans.values())


def test_down_keeps_the_data_and_wipe_forgets_it(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    up(instance, console)
    instance.state.mkdir()
    (instance.state / "data").touch()
    assert down(instance, console)
    assert not Supervisor(instance).is_up()
    assert (instance.state / "data").exists()
    assert not down(instance, console, wipe=True), "nothing was running"
    assert not instance.state.exists()
    assert instance.log("etcd").exists(), "logs stay for reading"


def test_a_busy_port_is_told_before_anything_is_started(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    with (
        socket.create_server(("127.0.0.1", instance.ports["gateway"])),
        pytest.raises(PlatformError, match="which gateway needs, cannot be had"),
    ):
        up(instance, console)
    assert not Supervisor(instance).is_up()


def test_an_up_that_failed_is_finished_by_the_next(
    instance: Instance, console: Console, catalogue: SmallCatalogue
) -> None:
    catalogue.changes = lambda process: replace(process, command=("false",))
    with pytest.raises(PlatformError, match="etcd did not stay up"):
        up(instance, console)
    catalogue.changes = lambda process: process
    assert up(instance, console)
    assert pids(instance).keys() == {"etcd", "apiserver", "gateway"}
