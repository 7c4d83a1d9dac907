"""up, down and restart of one instance."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace

from rich.console import Console

from hack.embedded.catalogue import INFRASTRUCTURE, Catalogue, catalogue
from hack.embedded.instance import Instance
from hack.embedded.manifests import manifest_files
from hack.embedded.parts import get_parts
from hack.embedded.plan import bring_up, process_needs, start, take_down, with_needs
from hack.embedded.ports import refuse_busy
from hack.embedded.processes.model import Node, Process
from hack.embedded.progress import Board
from hack.embedded.record import Record, read_record, write_record
from hack.embedded.supervisor import Supervisor, end_strays, render_config


def load(instance: Instance, console: Console) -> Catalogue:
    """What the instance is made of; parts that are missing are built first."""
    with Board(console) as board:
        return catalogue(instance, get_parts(board, instance.logs))


def up(instance: Instance, console: Console, *, only_parts: bool = False) -> bool:
    """Bring the instance up, or only what the services stand on. Returns False when there was nothing to do.

    What already runs is left alone, unless its configuration changed. Raises PlatformError naming what failed.
    """
    with instance.lock():
        everything = load(instance, console)
        nodes = everything.nodes
        supervisor = Supervisor(instance)
        alive = _alive(supervisor)
        wanted = with_needs({*INFRASTRUCTURE, *alive} & nodes.keys() if only_parts else nodes.keys(), nodes)
        record = Record(dict(instance.ports.numbers), process_needs(nodes), [], _fingerprint(everything))
        if _holds(read_record(instance.run), record, wanted, alive):
            return False
        _prepare(everything, wanted, supervisor, console)
        write_record(instance.run, record)
        with Board(console) as board:
            bring_up(wanted, instance, supervisor, board)
        write_record(instance.run, replace(record, done=list(wanted)))
        return True


def down(instance: Instance, console: Console, *, wipe: bool = False) -> bool:
    """Stop everything, in reverse order of the needs; ``wipe`` forgets the data. Returns False if nothing ran."""
    with instance.lock():
        supervisor = Supervisor(instance)
        record = read_record(instance.run)
        ran = supervisor.is_up()
        if ran:
            with Board(console) as board:
                take_down(record.needs if record else {}, supervisor, board)
            supervisor.shut_down()
        strays = _clear_strays(instance, console)
        instance.socket.unlink(missing_ok=True)
        shutil.rmtree(instance.run, ignore_errors=True)
        if wipe:
            shutil.rmtree(instance.state, ignore_errors=True)
            instance.kubeconfig.unlink(missing_ok=True)
        return ran or strays


def restart(process: Process, instance: Instance, supervisor: Supervisor) -> None:
    """Stop a process, start it with its configuration written anew, and wait until it is ready."""
    supervisor.stop(process.name)
    process.prepare()
    start(process, instance, supervisor)


def _alive(supervisor: Supervisor) -> set[str]:
    """Names of what runs; nothing does without a supervisor that answers."""
    return {info.name for info in supervisor.all() if info.alive} if supervisor.is_up() else set()


def _fingerprint(everything: Catalogue) -> str:
    """Changes with anything that is started or applied."""
    digest = hashlib.sha256(render_config(everything.instance, everything.processes).encode())
    for file in manifest_files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _holds(before: Record | None, now: Record, wanted: Mapping[str, Node], alive: Collection[str]) -> bool:
    """Did an earlier ``up`` finish all that is wanted, and does every process of it still do its work?"""
    if before is None or before.fingerprint != now.fingerprint or not wanted.keys() <= set(before.done):
        return False
    return all(node.name in alive and node.ready() for node in wanted.values() if isinstance(node, Process))


def _prepare(everything: Catalogue, wanted: Mapping[str, Node], supervisor: Supervisor, console: Console) -> None:
    """Have a supervisor that knows today's configuration, and every port that is about to be used free."""
    instance, processes = everything.instance, everything.processes
    if supervisor.is_up():
        supervisor.reload(processes)
    else:
        _clear_strays(instance, console)
    idle = wanted.keys() - _alive(supervisor)
    refuse_busy({port: number for name in idle for port, number in instance.ports.of(name).items()})
    for process in processes:
        process.prepare()
    if not supervisor.is_up():
        supervisor.launch(processes)


def _clear_strays(instance: Instance, console: Console) -> bool:
    """End what a supervisor that died left behind. Returns whether there was something."""
    strays = end_strays(instance)
    if strays:
        console.print(f"  ended {len(strays)} processes that an earlier supervisor left behind", highlight=False)
    return bool(strays)
