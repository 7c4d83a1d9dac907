"""The table of what runs."""

from __future__ import annotations

import psutil
from rich.console import Console
from rich.table import Table

from hack.embedded.instance import Instance
from hack.embedded.supervisor import ProcessInfo, Supervisor

_COLORS = {"RUNNING": "green", "STARTING": "yellow", "STOPPED": "dim", "STOPPING": "yellow"}


def show_status(instance: Instance, console: Console) -> None:
    """Print name, state, pid, uptime, ports and memory of each process."""
    supervisor = Supervisor(instance)
    if not supervisor.is_up():
        console.print(f"the instance {instance.name} is not running; make up starts it")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("NAME", "STATE", "PID", "UPTIME", "PORTS", "MEMORY"):
        table.add_column(heading, justify="right" if heading in {"PID", "UPTIME", "MEMORY"} else "left", no_wrap=True)
    total = 0
    for info in supervisor.all():
        memory = memory_bytes(info.pid)
        total += memory
        table.add_row(*_cells(info, instance, memory))
    table.add_row("", "", "", "", "", f"{total / 2**20:.0f} MiB")
    console.print(table)


def _cells(info: ProcessInfo, instance: Instance, memory: int) -> tuple[str, ...]:
    ports = " ".join(str(number) for number in instance.ports.of(info.name).values())
    state = f"[{_COLORS.get(info.state, 'red')}]{info.state}"
    if not info.alive:
        return info.name, state, "", "", "", ""
    return info.name, state, str(info.pid), _duration(info.uptime), ports, f"{memory / 2**20:.0f} MiB"


def memory_bytes(pid: int) -> int:
    """Memory of a process and all it started; a page that several share is divided among them (PSS)."""
    try:
        root = psutil.Process(pid) if pid else None
        return sum(one.memory_full_info().pss for one in [root, *root.children(recursive=True)]) if root else 0
    except psutil.Error:
        return 0


def _duration(seconds: float) -> str:
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours:
        return f"{hours}h{minutes % 60:02}m"
    return f"{minutes}m{int(seconds % 60):02}s" if minutes else f"{int(seconds)}s"
