"""Bring processes up, and do tasks, each as soon as what it needs is there; take processes down the other way round."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path
from threading import Event
from typing import Final

from hack.embedded.errors import GivenUp, PlatformError
from hack.embedded.instance import Instance
from hack.embedded.processes.model import Node, Process, Task
from hack.embedded.progress import Board
from hack.embedded.supervisor import Supervisor

_LOOK_EVERY: Final = 0.1
_LOG_LINES: Final = 15


def with_needs(names: Collection[str], nodes: Mapping[str, Node]) -> dict[str, Node]:
    """These nodes and everything they need, in the order of ``nodes``."""
    wanted: set[str] = set()
    to_visit = list(names)
    while to_visit:
        name = to_visit.pop()
        if name not in wanted:
            wanted.add(name)
            to_visit += nodes[name].needs
    return {name: node for name, node in nodes.items() if name in wanted}


def process_needs(nodes: Mapping[str, Node]) -> dict[str, list[str]]:
    """By process, the processes that it needs, directly or through tasks."""

    def through(name: str) -> set[str]:
        node = nodes[name]
        return {name} if isinstance(node, Process) else {p for need in node.needs for p in through(need)}

    return {
        name: sorted({process for need in node.needs for process in through(need)})
        for name, node in nodes.items()
        if isinstance(node, Process)
    }


def bring_up(nodes: Mapping[str, Node], instance: Instance, supervisor: Supervisor, board: Board) -> None:
    """Start and do everything, as parallel as the needs allow. The first PlatformError ends it all."""
    given_up = Event()

    def handle(name: str) -> None:
        match nodes[name]:
            case Process() as process:
                with board.row(name):
                    start(process, instance, supervisor, given_up)
            case Task() as task:
                with board.row(name):
                    task.run()

    in_order({name: node.needs for name, node in nodes.items()}, handle, given_up)


def take_down(needs: Mapping[str, Collection[str]], supervisor: Supervisor, board: Board) -> None:
    """Stop what runs, each after everything that needs it."""
    running = {info.name for info in supervisor.all() if not info.at_rest}
    needed_by: dict[str, set[str]] = {name: set() for name in needs}
    for name, its_needs in needs.items():
        for need in its_needs:
            needed_by[need].add(name)

    def handle(name: str) -> None:
        if name in running:
            with board.row(name):
                supervisor.stop(name)

    in_order(needed_by, handle, Event())


def in_order(needs: Mapping[str, Collection[str]], handle: Callable[[str], None], given_up: Event) -> None:
    """Call ``handle`` for every name, in threads, each after the names it needs.

    The first exception sets ``given_up``, is raised once the calls under way have ended, and nothing more begins.
    """
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    working: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max(1, len(needs))) as pool:
        try:
            while sorter.is_active():
                working |= {pool.submit(handle, name): name for name in sorter.get_ready()}
                done, _ = wait(working, return_when=FIRST_COMPLETED)
                for future in done:
                    name = working.pop(future)
                    future.result()
                    sorter.done(name)
        except BaseException:
            given_up.set()
            raise


def start(process: Process, instance: Instance, supervisor: Supervisor, given_up: Event | None = None) -> None:
    """Start the process, unless it runs, and wait until it does its work. Raises PlatformError as ``wait_ready``."""
    log = instance.log(process.name)
    log_begins = log.stat().st_size if log.exists() else 0
    supervisor.start(process.name)
    wait_ready(process, instance, supervisor, log_begins, given_up)


def wait_ready(
    process: Process,
    instance: Instance,
    supervisor: Supervisor,
    log_begins: int = 0,
    given_up: Event | None = None,
) -> None:
    """Wait until the process does its work.

    Raises PlatformError as soon as it dies or when its patience is over, with the last lines of its log, of which those
    before byte ``log_begins`` are an earlier run's; GivenUp once ``given_up`` is set.
    """
    deadline = time.monotonic() + process.patience
    first_pid = supervisor.info(process.name).pid
    while not process.ready():
        if given_up and given_up.is_set():
            raise GivenUp
        now = supervisor.info(process.name)
        if not now.alive or now.pid != first_pid:
            raise _never_ready(process, instance, "did not stay up", log_begins)
        if time.monotonic() > deadline:
            what = f"runs (pid {now.pid}) but was not ready in {process.patience:.0f} s"
            raise _never_ready(process, instance, what, log_begins)
        time.sleep(_LOOK_EVERY)


def _never_ready(process: Process, instance: Instance, what: str, log_begins: int) -> PlatformError:
    lines = "\n".join(f"    {line}" for line in log_tail(instance.log(process.name), log_begins))
    return PlatformError(
        f"{process.name} {what}. The last lines of its log:\n{lines}", f"the whole log: {instance.log(process.name)}"
    )


def log_tail(path: Path, begins: int) -> list[str]:
    """The last lines of a log file, from byte ``begins`` on; from its start when it was rotated since."""
    if not path.exists():
        return ["(it wrote nothing)"]
    with path.open(errors="replace") as file:
        if begins <= path.stat().st_size:
            file.seek(begins)
        return [line.rstrip() for line in deque(file, _LOG_LINES)] or ["(it wrote nothing)"]
