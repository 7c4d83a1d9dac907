from __future__ import annotations

import sys
from threading import Event

import pytest
from rich.console import Console

from hack.embedded.errors import PlatformError
from hack.embedded.instance import Instance
from hack.embedded.plan import bring_up, in_order, log_tail, process_needs, take_down, with_needs
from hack.embedded.processes.model import Node, Process, Task
from hack.embedded.progress import Board
from hack.embedded.supervisor import Supervisor
from hack.embedded.tests.conftest import web_server


def process(name: str, *needs: str) -> Process:
    return Process(name, ("true",), lambda: True, frozenset(needs))


def nothing() -> None:
    return


def test_a_subset_brings_along_what_it_needs() -> None:
    nodes: dict[str, Node] = {
        "etcd": process("etcd"),
        "apiserver": process("apiserver", "etcd"),
        "manifests": Task("manifests", nothing, frozenset({"apiserver"})),
        "operator": process("operator", "manifests"),
    }
    assert list(with_needs(["manifests"], nodes)) == ["etcd", "apiserver", "manifests"]
    assert process_needs(nodes) == {"etcd": [], "apiserver": ["etcd"], "operator": ["apiserver"]}


def test_each_begins_after_what_it_needs() -> None:
    began: list[str] = []
    in_order({"c": {"a", "b"}, "a": set(), "b": {"a"}}, began.append, Event())
    assert began == ["a", "b", "c"]


def test_after_a_failure_nothing_more_begins_and_those_who_wait_are_told() -> None:
    began: list[str] = []
    given_up = Event()

    def handle(name: str) -> None:
        began.append(name)
        if name == "a":
            raise PlatformError("a is broken")

    with pytest.raises(PlatformError, match="a is broken"):
        in_order({"a": set(), "b": {"a"}}, handle, given_up)
    assert began == ["a"]
    assert given_up.is_set()


def test_what_is_still_starting_when_another_fails_is_left_and_not_called_ready(
    instance: Instance, console: Console
) -> None:
    slow = Process("etcd", ("sleep", "60"), lambda: False)
    bad = Process("apiserver", ("false",), lambda: False)
    supervisor = Supervisor(instance)
    supervisor.launch([slow, bad])
    with Board(console) as board, pytest.raises(PlatformError, match="apiserver did not stay up"):
        bring_up({"etcd": slow, "apiserver": bad}, instance, supervisor, board)
    ends = dict(line.split()[:2] for line in console.export_text().splitlines())
    assert ends == {"apiserver": "failed", "etcd": "left"}


def test_what_comes_up_is_ready_in_order_and_goes_down_the_other_way(instance: Instance, console: Console) -> None:
    done: list[str] = []
    etcd, apiserver = web_server(instance, "etcd"), web_server(instance, "apiserver", "manifests")
    nodes: dict[str, Node] = {
        "etcd": etcd,
        "manifests": Task("manifests", lambda: done.append("yes" if etcd.ready() else "no"), frozenset({"etcd"})),
        "apiserver": apiserver,
    }
    supervisor = Supervisor(instance)
    supervisor.launch([etcd, apiserver])
    with Board(console) as board:
        bring_up(nodes, instance, supervisor, board)
        assert done == ["yes"]
        assert apiserver.ready()
        take_down(process_needs(nodes), supervisor, board)
    lines = [line.split() for line in console.export_text().splitlines()]
    assert [line[0] for line in lines] == ["etcd", "manifests", "apiserver", "apiserver", "etcd"]
    assert not etcd.ready()


def broken(instance: Instance, script: str, patience: float) -> PlatformError:
    """How the failure of a process that runs this script is told."""
    bad = Process("etcd", (sys.executable, "-u", "-c", script), lambda: False, patience=patience)
    supervisor = Supervisor(instance)
    instance.logs.mkdir(parents=True)
    instance.log("etcd").write_text("from an earlier run\n")
    supervisor.launch([bad])
    with Board(Console(quiet=True)) as board, pytest.raises(PlatformError) as caught:
        bring_up({"etcd": bad}, instance, supervisor, board)
    return caught.value


def test_a_process_that_dies_is_told_at_once_with_its_own_last_lines(instance: Instance) -> None:
    error = broken(instance, "print('cannot open the disk'); raise SystemExit(1)", patience=60)
    assert "etcd did not stay up" in str(error)
    assert "cannot open the disk" in str(error)
    assert "from an earlier run" not in str(error)
    assert str(instance.log("etcd")) in error.remedy


def test_a_process_that_never_gets_ready_is_told_when_its_patience_is_over(instance: Instance) -> None:
    error = broken(instance, "import time; print('waiting for a leader'); time.sleep(60)", patience=1)
    assert "was not ready in 1 s" in str(error)
    assert "waiting for a leader" in str(error)


def test_the_tail_of_a_log_that_was_rotated_since_begins_at_its_start(instance: Instance) -> None:
    instance.logs.mkdir(parents=True)
    log = instance.log("etcd")
    assert log_tail(log, 0) == ["(it wrote nothing)"]
    log.write_text("one\ntwo\n")
    assert log_tail(log, 4) == ["two"]
    assert log_tail(log, 999) == ["one", "two"]
